import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { box } from '../contract/layout.ts';
import { messageOf } from '../contract/message-of.ts';
import { parseBoxSite } from '../contract/site.ts';
import { writeAtomic } from '../host/files.ts';
import { run } from '../host/process.ts';
import { startApi } from './api/start.ts';
import { Backups } from './backup/backups.ts';
import { finishRestore } from './backup/finish.ts';
import { untarInService } from './backup/tar.ts';
import { Board } from './board.ts';
import { boot } from './boot.ts';
import { showOnConsoles } from './console/console.ts';
import { Recovery } from './console/recovery.ts';
import { guestCommand } from './guest/command.ts';
import { thisMachine } from './install/machine.ts';
import { installMode, installSequence } from './install/sequence.ts';
import { firmwareKind } from './observe/firmware.ts';
import { observeAlways } from './observe/loop.ts';
import { type FoundState, foundState } from './observe/state.ts';
import { journal } from './report/journal.ts';
import { logChanges } from './report/log.ts';
import { BoxReport } from './report/report.ts';
import { roleOf } from './role.ts';
import { watchCard } from './seed/card.ts';
import { seedCommand } from './seed/command.ts';
import { settleName } from './seed/name.ts';
import { type SeedResult, seedResult } from './seed/result.ts';
import { openUpdates } from './update/open.ts';
import { uptimeMs } from './uptime.ts';
import { watchAlways } from './watch/watch.ts';
import { watches } from './watch/watches.ts';

const LOOK_MS = 15_000;
/** Longer than a machine takes to end. */
const RESTART_MS = 600_000;

const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal });

/** Runs the box's agent until it is told to stop. */
async function main(): Promise<void> {
  const life = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => life.abort());
  const seeded = await seedResult(box.seedResult);
  const given = parseBoxSite(parse(await readFile(box.site, 'utf8')));
  const site = { ...given, install: seeded.install ?? given.install };
  // Before anything reads the state.
  const restored = await finishRestore(box.state);
  // The next start gives it the name that the restored cluster knows.
  if (!(await settleName(box)) && restored) return await restart(life.signal);
  const found = await foundState(box, site.disk.encrypt);
  const mode = await installMode(box.installMode, found.kind);
  const machine = thisMachine(life.signal);
  const role = roleOf(seeded.node, box);
  const steps = mode === 'never' ? role.steps : installSequence(machine, mode);
  const report = new BoxReport(
    steps.map(({ name }) => name),
    uptimeMs,
    site.name,
  );
  report.mark('agent', process.uptime() * 1000);
  const abandon = (why: unknown) => {
    journal('error', { abandoned: messageOf(why) });
    life.abort(why);
  };
  const board = new Board(site, report, abandon);
  logChanges(report, journal);
  await introduce(report, found, seeded);
  watchCard(seeded.card, report, life.signal).catch(abandon);
  const recovery = await Recovery.read(box.recovery);
  board.put('recovery', recovery);
  recovery.untilNoted(machine.ask, report).catch(abandon);
  if (role.hasConsoles) showOnConsoles(report, recovery, uptimeMs, life.signal);
  await openUpdates(board, life.signal);
  const backups = new Backups(board, Date.now, untarInService(box.run));
  startApi(board, backups, { restored, takesNodes: role.takesNodes }, life.signal).catch(abandon);
  for (const loop of role.always) loop(board, backups, life.signal).catch(abandon);
  const booted = boot(steps, board, pause, life.signal).then((complete) => {
    if (!complete) journal('error', { stopped: report.snapshot().problem, code: report.code });
    else if (mode === 'never')
      for (const loop of role.ready) loop(board, backups, life.signal).catch(abandon);
  });
  await Promise.all([booted, lookAlways(board, life.signal)]);
}

/** Tells who this box is, and what is wrong with its disk or its seed. */
async function introduce(report: BoxReport, found: FoundState, seeded: SeedResult): Promise<void> {
  const { kind: state, encryption } = found;
  report.set({ id: await boxId(box.boxId), state, encryption, firmware: await firmwareKind() });
  report.lasting('state', found.problem);
  report.observe({ seed: seeded.status });
  report.lasting('seed', seeded.problem);
}

/** At box and cluster, and at what may be wrong with the machine. */
async function lookAlways(board: Board, signal: AbortSignal): Promise<void> {
  const ways = { report: board.report, journal };
  await Promise.all([
    observeAlways(board, LOOK_MS, signal),
    watchAlways(watches(board), ways, LOOK_MS, signal),
  ]);
}

async function restart(signal: AbortSignal): Promise<void> {
  await run(['systemctl', 'reboot'], { signal });
  await pause(RESTART_MS, signal);
}

/** The name a box gives itself once: a machine id may be copied with a disk image. */
async function boxId(path: string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known.trim() !== '') return known.trim();
  const fresh = randomUUID();
  await writeAtomic(path, `${fresh}\n`);
  return fresh;
}

const commands: Record<string, (args: readonly string[]) => Promise<unknown>> = {
  seed: ([what]) => seedCommand(what),
  guest: async (args) => {
    process.exitCode = await guestCommand(args);
  },
};
const [, , command = '', ...args] = process.argv;
(commands[command] ?? main)(args).catch((error: unknown) => {
  const stopped = error instanceof Error && error.name === 'AbortError';
  if (!stopped) journal('error', { ended: error instanceof Error ? error.stack : String(error) });
  process.exit(stopped ? 0 : 1);
});
