import { CpiabError } from '../../contract/errors.ts';
import type { Digest, Manifest } from '../../contract/manifest.ts';
import { messageOf } from '../../contract/message-of.ts';
import { versionOf } from '../../contract/update.ts';
import { fullDisk } from '../../host/full-disk.ts';
import { keptSequence } from '../verify/sequence-number.ts';
import { admit, type Base, type Papers, requireBase } from './admit.ts';
import { Inbox, type Part } from './inbox.ts';
import { judgeUpdate } from './judge.ts';
import type { Ledger } from './ledger.ts';
import type { UpdaterOptions } from './options.ts';
import { scratchOf } from './settle.ts';
import { stageUpdate } from './stage.ts';
import type { Candidate } from './stick/candidates.ts';
import { chooseUpdate } from './stick/choose.ts';
import { copyIn } from './stick/copy.ts';
import type { Stick } from './stick/mount.ts';
import { switchSlots } from './switch.ts';

/** A file that stops the staging so often is not the disk's or the power's fault. */
const MOST_ATTEMPTS = 5;

/** Takes in files of updates, and brings what they hold into the other slot. */
export class Intake {
  readonly #ledger: Ledger;
  readonly #options: UpdaterOptions;
  readonly #inbox: Inbox;
  #busy: Promise<void> = Promise.resolve();

  constructor(ledger: Ledger, options: UpdaterOptions) {
    this.#ledger = ledger;
    this.#options = options;
    this.#inbox = new Inbox(options.paths.updates);
  }

  /** Whether an update would be let in, by its papers, before its bytes come. @returns what it brings. */
  async announce(base: Base | null, papers: Papers): Promise<Manifest> {
    this.#ledger.rejectBusy();
    return await this.#admit(base, papers);
  }

  /** Takes a part of a file; the last one begins the update. @returns bytes that are there now. */
  async receive(part: Part, content: NodeJS.ReadableStream, signal: AbortSignal): Promise<number> {
    this.#ledger.rejectBusy();
    const received = await this.#inbox.append(part, content, signal);
    if (received === part.length) {
      await this.#ledger.write({ ...this.#ledger.fresh('update'), file: part.digest });
      this.start(part.digest, signal);
    }
    return received;
  }

  /** Chooses what to take from a stick; copies and stages it meanwhile. @throws CpiabError E5306, E5313, E5314. */
  async fromStick(signal: AbortSignal): Promise<void> {
    this.#ledger.rejectBusy();
    await this.#openStick(signal);
  }

  /** Goes on with a copy that was cut off. Without the stick it is over. */
  async resumeStick(signal: AbortSignal): Promise<void> {
    await this.#openStick(signal).catch((error: unknown) => this.#ended(error, signal));
  }

  /** Bytes of a file that came before. */
  async received(digest: Digest): Promise<number> {
    return await this.#inbox.received(digest);
  }

  /** Resolves when nothing is being staged. */
  async idle(): Promise<void> {
    await this.#busy;
  }

  /** Stages a file that is whole. */
  start(file: Digest, signal: AbortSignal): void {
    this.#busy = this.#stage(file, signal).catch((error: unknown) => this.#ended(error, signal));
  }

  async #openStick(signal: AbortSignal): Promise<void> {
    const stick = await this.#options.stick(signal);
    try {
      const chosen = await chooseUpdate(stick.root, ({ base, papers }) => this.#admit(base, papers));
      await this.#ledger.write({ ...this.#ledger.fresh('update'), state: 'copying' });
      this.#busy = this.#copy(chosen, stick, signal).catch((error: unknown) => this.#ended(error, signal));
    } catch (error) {
      await stick.close();
      throw error;
    }
  }

  async #copy(chosen: Candidate, stick: Stick, signal: AbortSignal): Promise<void> {
    const ledger = this.#ledger;
    ledger.progress(`copying ${chosen.name}`);
    let file: Digest;
    try {
      file = await copyIn(chosen, this.#inbox, signal);
    } finally {
      await stick.close();
    }
    await ledger.write({ ...ledger.fresh('update'), file });
    await this.#stage(file, signal);
  }

  /** Told to stop: the next start goes on. Else it is over, and why is kept. */
  async #ended(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { updates } = this.#options.paths;
    const known = error instanceof CpiabError ? error : await describeFailure(error, updates);
    await this.#refused(`CPIAB-${known.code} ${known.subject}: ${known.message}`);
  }

  async #stage(file: Digest, signal: AbortSignal): Promise<void> {
    const { slots, trust, paths } = this.#options;
    const ledger = this.#ledger;
    const record = ledger.record ?? ledger.fresh('update');
    const attempts = record.attempts + 1;
    if (attempts > MOST_ATTEMPTS)
      throw new CpiabError('E5312', { subject: file, args: ['it was cut off each time'] });
    await ledger.write({ ...record, attempts });
    ledger.setOther(null);
    const staged = await stageUpdate({
      ...{ file: this.#inbox.pathOf(file), slots, trust, signal },
      ...{ bundle: paths.bundle, running: ledger.running, scratch: scratchOf(paths) },
      judge: await this.#judge(),
      progress: (detail) => ledger.progress(detail),
    });
    const to = versionOf(staged.manifest);
    ledger.setOther(to);
    await ledger.write({ ...record, attempts, to });
    await switchSlots(ledger, this.#options, null);
    await this.#inbox.empty();
  }

  async #admit(base: Base | null, papers: Papers): Promise<Manifest> {
    if (base !== null) requireBase(base, this.#ledger.running);
    return (await admit(papers, this.#options.trust, await this.#judge())).manifest;
  }

  async #judge(): Promise<(fresh: Manifest) => void> {
    const { paths, wall } = this.#options;
    const floor = await keptSequence(paths.sequence);
    const { manifest } = this.#ledger.running;
    return (fresh) => judgeUpdate(fresh, { manifest, floor, now: wall() / 1000 });
  }

  async #refused(reason: string): Promise<void> {
    const { record } = this.#ledger;
    if (record !== null) await this.#ledger.write({ ...record, state: 'refused', reason });
    await this.#inbox.empty();
    this.#ledger.progress('');
  }
}

async function describeFailure(error: unknown, directory: string): Promise<CpiabError> {
  const why = messageOf(error);
  const subject = 'the other slot';
  return (
    (await fullDisk(error, [directory])) ?? new CpiabError('E5312', { subject, args: [why], cause: error })
  );
}
