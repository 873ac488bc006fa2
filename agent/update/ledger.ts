import { join } from 'node:path';
import { type Standing, standing } from '../../contract/boot-slots.ts';
import { CpiabError } from '../../contract/errors.ts';
import { messageOf } from '../../contract/message-of.ts';
import type { UpdateStatus } from '../../contract/status.ts';
import { type UpdateRecord, type Version, versionOf } from '../../contract/update.ts';
import { journal } from '../report/journal.ts';
import { readManifest, type SignedManifest } from '../verify/manifest.ts';
import { AuditTrail } from './audit-trail.ts';
import { Journal } from './journal.ts';
import type { UpdaterOptions } from './options.ts';

/**
 * What the box knows of its versions: the record of the last change, on the disk before anything follows from
 * it, and how the slots stand. Whatever changes here is told, and comes into the audit log.
 */
export class Ledger {
  /** The version that runs. */
  readonly running: SignedManifest;
  readonly #options: UpdaterOptions;
  readonly #journal: Journal;
  readonly #trail: AuditTrail;
  #standing: Standing = 'settled';
  #tries = 0;
  #other: Version | null = null;
  #record: UpdateRecord | null = null;
  #detail = '';

  private constructor(options: UpdaterOptions, running: SignedManifest) {
    const { updates } = options.paths;
    this.running = running;
    this.#options = options;
    this.#journal = new Journal(updates);
    this.#trail = new AuditTrail(join(updates, 'audited'), options.audit);
  }

  /** @throws CpiabError E21xx when the running version's own papers are wrong. */
  static async open(options: UpdaterOptions): Promise<Ledger> {
    const ledger = new Ledger(options, await readManifest(options.paths.bundle, options.trust));
    ledger.#record = await ledger.#journal.read();
    await ledger.look();
    return ledger;
  }

  get record(): UpdateRecord | null {
    return this.#record;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** Whether the version that runs still has to show that it works. */
  get onTrial(): boolean {
    return this.#standing === 'trial';
  }

  get status(): UpdateStatus | null {
    return this.#record === null ? null : { ...this.#record, detail: this.#detail };
  }

  /** The record of a change that begins. */
  fresh(what: UpdateRecord['what']): UpdateRecord {
    const from = versionOf(this.running.manifest);
    return { what, state: 'staging', from, to: null, file: null, attempts: 0, reason: null };
  }

  /** @throws CpiabError E5306 while a change is under way. */
  rejectBusy(): void {
    const { state } = this.#record ?? {};
    if (state === 'copying' || state === 'staging' || state === 'switching' || this.onTrial)
      throw new CpiabError('E5306', { subject: 'the box', args: [state ?? 'trial'] });
  }

  async write(record: UpdateRecord): Promise<void> {
    this.#record = await this.#journal.write(record);
    this.#tell();
    await this.audit();
  }

  /** Brings into the audit log what it lacks. A log that cannot be written keeps no version from falling back. */
  async audit(): Promise<void> {
    if (this.#record === null) return;
    await this.#trail.follow(this.#record).catch((error: unknown) => {
      journal('error', { audit: 'not written', why: messageOf(error) });
    });
  }

  /** Reads anew how the slots stand. */
  async look(): Promise<void> {
    const { slots } = this.#options;
    const choice = await slots.choice();
    this.#standing = standing(choice, slots.running);
    this.#tries = choice.tries;
  }

  /** What lies in the other slot now. */
  setOther(other: Version | null): void {
    this.#other = other;
    this.#tell();
  }

  /** What a gate or a staging is at. */
  progress(detail: string): void {
    this.#detail = detail;
    this.#tell();
  }

  #tell(): void {
    const { slots, tell } = this.#options;
    const now = { running: slots.running, standing: this.#standing, tries: this.#tries, other: this.#other };
    tell({ slots: now, update: this.status });
  }
}
