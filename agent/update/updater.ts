import type { Digest, Manifest } from '../../contract/manifest.ts';
import type { UpdateStatus } from '../../contract/status.ts';
import { versionOf } from '../../contract/update.ts';
import type { Base, Papers } from './admit.ts';
import type { Part } from './inbox.ts';
import { Intake } from './intake.ts';
import { Ledger } from './ledger.ts';
import type { UpdaterOptions } from './options.ts';
import { readOther, rollBack } from './rollback.ts';
import { settle } from './settle.ts';
import { commitTrial, failTrial } from './verdict.ts';

/**
 * The box's changes of version. What it is at is in the journal before it is done, so that the next start
 * goes on, or takes back, whatever was cut off.
 */
export class Updater {
  readonly #options: UpdaterOptions;
  readonly #ledger: Ledger;
  readonly #intake: Intake;

  private constructor(options: UpdaterOptions, ledger: Ledger) {
    this.#options = options;
    this.#ledger = ledger;
    this.#intake = new Intake(ledger, options);
  }

  /** Looks where the last change of version stands. @throws CpiabError E21xx when the running version's own papers are wrong. */
  static async open(options: UpdaterOptions, signal: AbortSignal): Promise<Updater> {
    const ledger = await Ledger.open(options);
    await settle(ledger, options);
    const other = await readOther(options, signal).catch(() => null);
    ledger.setOther(other && versionOf(other.manifest));
    return new Updater(options, ledger);
  }

  /** Whether this version still has to show that it works. */
  get onTrial(): boolean {
    return this.#ledger.onTrial;
  }

  get status(): UpdateStatus | null {
    return this.#ledger.status;
  }

  /** Goes on with what a restart cut off. */
  async resume(signal: AbortSignal): Promise<void> {
    const { state, file } = this.#ledger.record ?? {};
    if (state === 'copying') await this.#intake.resumeStick(signal);
    if (state === 'staging' && file) this.#intake.start(file, signal);
    if (this.#ledger.standing === 'switching') await this.#options.restart();
  }

  /** Whether an update would be let in, before its bytes come. @throws CpiabError E5306, E2301, E21xx, E53xx. */
  async announce(base: Base | null, papers: Papers): Promise<Manifest> {
    return await this.#intake.announce(base, papers);
  }

  /** Takes a part of a file; the last one begins the update. @returns bytes that are there now. */
  async receive(part: Part, content: NodeJS.ReadableStream, signal: AbortSignal): Promise<number> {
    return await this.#intake.receive(part, content, signal);
  }

  /** Takes an update from a stick: it is chosen when this returns, and copied then. @throws CpiabError E5306, E5313, E5314. */
  async fromStick(signal: AbortSignal): Promise<void> {
    await this.#intake.fromStick(signal);
  }

  /** Bytes of a file that came before. */
  async received(digest: Digest): Promise<number> {
    return await this.#intake.received(digest);
  }

  /** Resolves when nothing is being staged. */
  async idle(): Promise<void> {
    await this.#intake.idle();
  }

  /** Goes back to the version in the other slot. @throws CpiabError E5306, E5307, E5303. */
  async rollback(signal: AbortSignal): Promise<void> {
    await rollBack(this.#ledger, this.#options, signal);
  }

  /** This version has shown that it works. */
  async commit(): Promise<void> {
    await commitTrial(this.#ledger, this.#options);
  }

  /** This version has not: the one before comes back. */
  async fail(reason: string): Promise<void> {
    await failTrial(this.#ledger, this.#options, reason);
  }

  /** What a gate is at. */
  progress(detail: string): void {
    this.#ledger.progress(detail);
  }

  /** Brings into the audit log what it lacks, once it is open. */
  async audit(): Promise<void> {
    await this.#ledger.audit();
  }
}
