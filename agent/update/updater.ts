import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onTrial, otherSlot, type Standing, settled, standing } from '../../contract/boot-slots.ts';
import { CpiabError } from '../../contract/errors.ts';
import { medium } from '../../contract/layout.ts';
import type { Digest } from '../../contract/manifest.ts';
import type { UpdateStatus } from '../../contract/status.ts';
import { type SlotsStatus, type UpdateRecord, type Version, versionOf } from '../../contract/update.ts';
import { fullDisk } from '../../host/full-disk.ts';
import type { Slots } from '../slots/slots.ts';
import { keepRotations, readManifest, type SignedManifest, type Trust } from '../verify/manifest.ts';
import { keepSequence, keptSequence, lowerSequence } from '../verify/sequence-number.ts';
import { Inbox, type Part } from './inbox.ts';
import { Journal } from './journal.ts';
import { judgeEngine, judgeUpdate } from './judge.ts';
import { reconcile } from './reconcile.ts';
import { stageUpdate } from './stage.ts';
import { guardReason } from './trial-guard.ts';

export interface UpdaterOptions {
  slots: Slots;
  trust: Trust;
  paths: { bundle: string; updates: string; sequence: string; rotations: string };
  /** Starts that a new version gets. */
  tries: number;
  /** Milliseconds since the epoch. */
  wall: () => number;
  /** Starts the machine again; resolves when that was asked for. */
  restart: () => Promise<void>;
  tell: (status: { slots: SlotsStatus; update: UpdateStatus | null }) => void;
}

/** A file that stops the staging so often is not the disk's or the power's fault. */
const MOST_ATTEMPTS = 3;

/**
 * The box's changes of version. What it is at is in the journal before it is done, so that the next start
 * goes on, or takes back, whatever was cut off.
 */
export class Updater {
  readonly #options: UpdaterOptions;
  readonly #journal: Journal;
  readonly #inbox: Inbox;
  readonly #running: SignedManifest;
  #standing: Standing = 'settled';
  #tries = 0;
  #other: Version | null = null;
  #record: UpdateRecord | null = null;
  #detail = '';
  #busy: Promise<void> = Promise.resolve();

  private constructor(options: UpdaterOptions, running: SignedManifest) {
    this.#options = options;
    this.#running = running;
    this.#journal = new Journal(options.paths.updates);
    this.#inbox = new Inbox(options.paths.updates);
  }

  /** Looks where the last change of version stands. @throws CpiabError E21xx when the running version's own papers are wrong. */
  static async open(options: UpdaterOptions, signal: AbortSignal): Promise<Updater> {
    const running = await readManifest(options.paths.bundle, options.trust);
    const updater = new Updater(options, running);
    updater.#record = await updater.#journal.read();
    await updater.#look();
    await updater.#settle();
    updater.#other = await updater.#readOther(signal).catch(() => null);
    updater.#tell();
    return updater;
  }

  /** Whether this version still has to show that it works. */
  get onTrial(): boolean {
    return this.#standing === 'trial';
  }

  get status(): UpdateStatus | null {
    return this.#record === null ? null : { ...this.#record, detail: this.#detail };
  }

  /** Goes on with what a restart cut off. */
  async resume(signal: AbortSignal): Promise<void> {
    const { state, file } = this.#record ?? {};
    if (state === 'staging' && file) this.#start(file, signal);
    if (this.#standing === 'switching') await this.#options.restart();
  }

  /** Takes a part of a file; the last one begins the update. @returns bytes that are there now. */
  async receive(part: Part, content: NodeJS.ReadableStream, signal: AbortSignal): Promise<number> {
    this.#rejectBusy();
    const received = await this.#inbox.append(part, content, signal);
    if (received === part.length) {
      await this.#write({ ...this.#fresh('update'), file: part.digest });
      this.#start(part.digest, signal);
    }
    return received;
  }

  /** Bytes of a file that came before. */
  async received(digest: Digest): Promise<number> {
    return await this.#inbox.received(digest);
  }

  /** Resolves when nothing is being staged. */
  async idle(): Promise<void> {
    await this.#busy;
  }

  /** Goes back to the version in the other slot. @throws CpiabError E5307, E5303. */
  async rollback(signal: AbortSignal): Promise<void> {
    this.#rejectBusy();
    const other = await this.#readOtherSigned(signal).catch((cause: unknown) => {
      const why = 'the other slot has no whole version';
      throw new CpiabError('E5307', { subject: 'rollback', args: [why], cause });
    });
    if (other.manifest.sequence >= this.#running.manifest.sequence)
      throw new CpiabError('E5307', { subject: 'rollback', args: ['the other slot has no older version'] });
    judgeEngine(other.manifest, this.#running.manifest, 'rollback');
    await this.#write({ ...this.#fresh('rollback'), to: versionOf(other.manifest) });
    await this.#switch(other.manifest.sequence);
  }

  /** This version has shown that it works. */
  async commit(): Promise<void> {
    const { slots, paths } = this.#options;
    const { manifest } = this.#running;
    await slots.choose(settled(slots.running));
    await keepRotations(paths.bundle, paths.rotations, manifest);
    await keepSequence(paths.sequence, manifest.sequence);
    await this.#write({ ...this.#trialRecord(), state: 'committed', reason: null });
    await this.#look();
    this.#progress('');
  }

  /** This version has not: the one before comes back. */
  async fail(reason: string): Promise<void> {
    const { slots, restart } = this.#options;
    await this.#write({ ...this.#trialRecord(), state: 'fell-back', reason });
    await slots.choose(settled(otherSlot(slots.running)));
    await restart();
  }

  #progress(detail: string): void {
    this.#detail = detail;
    this.#tell();
  }

  /** What a gate or a staging is at. */
  progress(detail: string): void {
    this.#progress(detail);
  }

  #fresh(what: UpdateRecord['what']): UpdateRecord {
    const from = versionOf(this.#running.manifest);
    return { what, state: 'staging', from, to: null, file: null, attempts: 0, reason: null };
  }

  /** The record of the version on trial, which is this one. */
  #trialRecord(): UpdateRecord {
    const to = versionOf(this.#running.manifest);
    return { ...(this.#record ?? this.#fresh('update')), to };
  }

  #rejectBusy(): void {
    const { state } = this.#record ?? {};
    if (state === 'staging' || state === 'switching' || this.onTrial)
      throw new CpiabError('E5306', { subject: 'the box', args: [state ?? 'trial'] });
  }

  #start(file: Digest, signal: AbortSignal): void {
    this.#busy = this.#stage(file, signal).catch(async (error: unknown) => {
      // Told to stop: the next start goes on.
      if (signal.aborted) return;
      const known =
        error instanceof CpiabError ? error : await describeFailure(error, this.#options.paths.updates);
      await this.#refused(`CPIAB-${known.code} ${known.subject}: ${known.message}`);
    });
  }

  async #stage(file: Digest, signal: AbortSignal): Promise<void> {
    const { slots, trust, paths, wall } = this.#options;
    const { manifest } = this.#running;
    const record = this.#record ?? this.#fresh('update');
    const attempts = record.attempts + 1;
    if (attempts > MOST_ATTEMPTS)
      throw new CpiabError('E5312', { subject: file, args: ['it was cut off each time'] });
    await this.#write({ ...record, attempts });
    this.#other = null;
    const floor = await keptSequence(paths.sequence);
    const staged = await stageUpdate({
      ...{ file: this.#inbox.pathOf(file), slots, trust, signal },
      running: { bundle: paths.bundle, manifest, digest: this.#running.digest },
      scratch: join(paths.updates, 'scratch'),
      judge: (fresh) => judgeUpdate(fresh, { manifest, floor, now: wall() / 1000 }),
      progress: (detail) => this.#progress(detail),
    });
    this.#other = versionOf(staged.manifest);
    await this.#write({ ...record, attempts, to: this.#other });
    await this.#switch(null);
    await this.#inbox.empty();
  }

  /** One write on the loader's partition decides; the journal says before what it will have decided. */
  async #switch(floor: number | null): Promise<void> {
    const { slots, tries, paths, restart } = this.#options;
    if (this.#record !== null) await this.#write({ ...this.#record, state: 'switching' });
    // The operator has asked for an older version: it must not refuse itself.
    if (floor !== null) await lowerSequence(paths.sequence, floor);
    await slots.choose(onTrial(slots.running, tries));
    await this.#look();
    this.#progress('starting the other slot');
    await restart();
  }

  async #refused(reason: string): Promise<void> {
    if (this.#record !== null) await this.#write({ ...this.#record, state: 'refused', reason });
    await this.#inbox.empty();
    this.#progress('');
  }

  async #settle(): Promise<void> {
    const { slots, paths, tries } = this.#options;
    const found = {
      record: this.#record,
      standing: this.#standing,
      running: versionOf(this.#running.manifest),
    };
    // While it is on trial, what the guard says of it is for the version before.
    const told = this.onTrial ? null : await guardReason(paths.updates);
    const { record, choose } = reconcile({ ...found, told });
    if (record !== null && record !== this.#record) await this.#write(record);
    if (choose !== null)
      await slots.choose(choose === 'settled' ? settled(slots.running) : onTrial(slots.running, tries));
    await this.#look();
    if (record?.state !== 'staging')
      await rm(join(paths.updates, 'scratch'), { recursive: true, force: true });
  }

  async #readOther(signal: AbortSignal): Promise<Version> {
    return versionOf((await this.#readOtherSigned(signal)).manifest);
  }

  async #readOtherSigned(signal: AbortSignal): Promise<SignedManifest> {
    const slot = await this.#options.slots.readOther(signal);
    const read = readManifest(join(slot.root, medium.bundle), this.#options.trust);
    return await read.finally(() => slot.close());
  }

  async #look(): Promise<void> {
    const { slots } = this.#options;
    const choice = await slots.choice();
    this.#standing = standing(choice, slots.running);
    this.#tries = choice.tries;
  }

  async #write(record: UpdateRecord): Promise<void> {
    this.#record = await this.#journal.write(record);
    this.#tell();
  }

  #tell(): void {
    const { slots, tell } = this.#options;
    const now = { running: slots.running, standing: this.#standing, tries: this.#tries, other: this.#other };
    tell({ slots: now, update: this.status });
  }
}

async function describeFailure(error: unknown, directory: string): Promise<CpiabError> {
  const why = error instanceof Error ? error.message : String(error);
  const subject = 'the other slot';
  return (
    (await fullDisk(error, [directory])) ?? new CpiabError('E5312', { subject, args: [why], cause: error })
  );
}
