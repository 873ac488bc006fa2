import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chunkPath } from '../contract/cargo.ts';
import type { Fault } from '../contract/drill/scenario.ts';
import type { StepName } from '../contract/drill/steps.ts';
import { bytesAt, ensureDirectory } from '../host/files.ts';
import { run } from '../host/process.ts';
import { approve } from './approval.ts';
import { arrived } from './cargo.ts';
import type { Drill } from './drill.ts';
import { setClock } from './netns/clock.ts';
import { inside } from './netns/command.ts';
import { cable, lose } from './netns/network.ts';
import { restartFiles, shareOf } from './netns/services.ts';
import { approvalPath } from './phases/move.ts';
import { cutPower, hasPower, restorePower } from './power.ts';
import { bankNames } from './world.ts';

/** An address that belongs to nobody. Source: RFC 5737. */
const ELSEWHERE = '192.0.2.1';

/** Longest time that a bank is dark while a step does not notice it. */
const DARK_MS = 10_000;

type Inject = { [Kind in Fault['fault']]: (fault: Extract<Fault, { fault: Kind }>) => Promise<void> };

/** Does to a drill what its scenario says, each fault once: what was injected is in the journal first. */
export class Faults {
  readonly #drill: Drill;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(drill: Drill) {
    this.#drill = drill;
  }

  async before(step: StepName): Promise<void> {
    await this.#injectAll(step, (fault) => when(fault) === 'before');
  }

  /**
   * Lets a step work while the power of a bank goes and comes. What that broke is begun again, as somebody would who sees
   * the lights go on.
   */
  async during<Result>(step: StepName, work: () => Promise<Result>): Promise<Result> {
    const { journal, signal, scenario } = this.#drill;
    const [index, fault] =
      [...scenario.faults.entries()].find(
        ([place, { fault: kind, at }]) =>
          kind === 'power-cut' && at === step && journal.injectedAt(place) === null,
      ) ?? [];
    if (fault?.fault !== 'power-cut') return await work();
    const working = work();
    const settled = working.then(
      () => {},
      () => {},
    );
    await within(fault.afterMs, settled);
    await journal.add(step, 'fault', { index, ...fault });
    await cutPower(this.#drill, fault.bank);
    await within(DARK_MS, settled);
    await restorePower(this.#drill, fault.bank);
    return await working.catch(async () => {
      signal.throwIfAborted();
      await journal.add(step, 'begun');
      return await this.during(step, work);
    });
  }

  /** When a step was done and not yet written down. */
  async after(step: StepName): Promise<void> {
    await this.#injectAll(step, (fault) => when(fault) === 'after');
  }

  /** Ends those that last. */
  async end(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const { journal, world } = this.#drill;
    if (journal.stateOf('prepare.banks') !== 'done') return;
    await cable(world, 'up');
    await lose(world, 0);
    await this.setClocks();
    for (const bank of bankNames) {
      if (await hasPower(world, bank)) continue;
      await cutPower(this.#drill, bank);
      await restorePower(this.#drill, bank);
    }
  }

  /** Sets the clocks right, as somebody does who has read why he was refused. */
  async setClocks(): Promise<void> {
    const { journal, scenario, world } = this.#drill;
    if (journal.stateOf('prepare.banks') !== 'done') return;
    for (const fault of scenario.faults)
      if (fault.fault === 'wrong-clock') await setClock(world, fault.bank, 0);
  }

  async #injectAll(step: StepName, fits: (fault: Fault) => boolean): Promise<void> {
    const { scenario, journal } = this.#drill;
    for (const [index, fault] of scenario.faults.entries()) {
      if (
        fault.fault === 'power-cut' ||
        fault.at !== step ||
        !fits(fault) ||
        journal.injectedAt(index) !== null
      )
        continue;
      await journal.add(step, 'fault', { index, ...fault });
      await (this.#kinds[fault.fault] as (fault: Fault) => Promise<void>)(fault);
    }
  }

  readonly #kinds: Inject = {
    kill: async () => process.kill(process.pid, 'SIGKILL') as unknown as undefined,
    split: async ({ seconds }) => {
      await cable(this.#drill.world, 'down');
      this.#later(seconds, () => cable(this.#drill.world, 'up'));
    },
    loss: async ({ percent, seconds }) => {
      await lose(this.#drill.world, percent);
      this.#later(seconds, () => lose(this.#drill.world, 0));
    },
    'full-disk': async ({ bank, megabytes }) => {
      const { disk } = await this.#drill.database(bank);
      const { stdout } = await run(['getent', 'passwd', 'postgres']);
      const [, , uid] = stdout.split(':');
      const options = `size=${megabytes}m,mode=0700,uid=${uid}`;
      await run(['mount', '-t', 'tmpfs', '-o', options, 'cpiab-drill', await ensureDirectory(disk)]);
    },
    'wrong-clock': async ({ bank, days, seconds }) => {
      const { world } = this.#drill;
      await setClock(world, bank, days);
      this.#later(seconds, () => setClock(world, bank, 0));
    },
    'read-only-share': async ({ bank }) => {
      const { world } = this.#drill;
      const share = shareOf(world, bank);
      await run(['mount', '--bind', share, share]);
      await run(['mount', '--options', 'remount,bind,ro', share]);
      // A program that runs sees what was mounted when it was started.
      await restartFiles(world, bank);
    },
    'corrupt-cargo': async () => {
      const { directory, manifest } = await arrived(this.#drill);
      const path = join(directory, chunkPath(manifest.chunks[0]?.id ?? ''));
      const [byte = 0] = await bytesAt(path, 0, 1);
      await writeFile(path, Buffer.from([byte ^ 1]), { flag: 'r+' });
    },
    // While the step works: see `during`.
    'power-cut': async () => {},
    // The step itself lets them try, between two machines of its own.
    'rogue-box': async () => {},
    'stolen-invitation': async () => {},
    'expired-approval': async () => {
      const { scenario, world } = this.#drill;
      const { banks } = await this.#drill.secrets();
      const { by } = scenario.approvals.cutOver;
      const late = approve(world.id, by, banks.b.cutOver, { now: Date.now() - 60_000, seconds: 1 });
      await writeFile(approvalPath(this.#drill), `${JSON.stringify(late, null, 1)}\n`);
    },
    egress: async ({ bank, part }) => {
      const { world } = this.#drill;
      const connect = `exec 3<>/dev/tcp/${ELSEWHERE}/443`;
      await inside(world.namespace(world.host(bank, part)), ['timeout', '2', 'bash', '-c', connect]).catch(
        () => {},
      );
    },
  };

  #later(seconds: number, work: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work().catch((error: Error) => process.stderr.write(`${error.message}\n`));
    }, seconds * 1000);
    this.#timers.add(timer);
  }
}

/** Waits for something, but not for longer than this. */
async function within(ms: number, settled: Promise<void>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([settled, sleep(ms, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}

/** An approval is over when it is used, so it is given first. */
function when(fault: Fault): 'before' | 'after' {
  if (fault.fault === 'kill') return fault.when;
  return fault.fault === 'expired-approval' ? 'after' : 'before';
}
