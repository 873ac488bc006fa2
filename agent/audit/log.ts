import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEntry, AuditEvent, AuditLogDocument } from '../../contract/audit-log.ts';
import { messageOf } from '../../contract/message-of.ts';
import { SubtreeHashes } from '../../host/consistency.ts';
import { leafHash, MerkleTree } from '../../host/merkle.ts';
import { formatCheckpoint, openNote, parseCheckpoint, parseNoteKey } from '../../host/signed-note.ts';
import type { Seal } from '../seal.ts';
import { ChainReader } from './chain-reader.ts';
import { LineFile } from './file.ts';

/** Who does what the box does by itself. */
export const theBox = { name: 'box', fingerprint: null } as const;

export interface AuditClock {
  /** Milliseconds since the epoch. */
  wall(): number;
  /** Milliseconds since power-on. */
  uptime(): number;
}

interface Waiting {
  event: AuditEvent;
  done: (entry: AuditEntry) => void;
  failed: (error: unknown) => void;
}

const LONGEST = 2000;
/** In one answer. */
const MOST_ENTRIES = 200;

/**
 * What was done to this box, by whom, and how it ended: only ever added to, each entry on the disk
 * before `record` returns, and the whole signed as a tree (RFC 6962) after each.
 */
export class AuditLog {
  readonly #directory: string;
  readonly #seal: Seal;
  readonly #clock: AuditClock;
  #file!: LineFile;
  #tree = new MerkleTree();
  #checkpoint = '';
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Waiting[] = [];
  /** For proofs; made when the first is asked for. */
  #subtrees: SubtreeHashes | null = null;

  private constructor(directory: string, seal: Seal, clock: AuditClock) {
    this.#directory = directory;
    this.#seal = seal;
    this.#clock = clock;
  }

  /**
   * Opens the log, or begins it. One that was damaged or edited is set aside and a new one begun that says so:
   * a box must go on, and its readers must see it.
   */
  static async open(directory: string, seal: Seal, clock: AuditClock): Promise<AuditLog> {
    const log = new AuditLog(directory, seal, clock);
    const { torn, wrong } = await log.#load();
    if (torn > 0)
      await log.#own('done', `${torn} bytes of an entry were cut off: the power went while it was written`);
    if (wrong !== null) await log.#own('failed', wrong);
    return log;
  }

  /**
   * Adds an entry. When it returns, the entry is on the disk. Entries that come while the disk is busy share the next
   * write. @throws the file system's error: then don't act.
   */
  record(event: AuditEvent): Promise<AuditEntry> {
    return new Promise((done, failed) => {
      this.#waiting.push({ event, done, failed });
      if (this.#waiting.length === 1) this.#last = this.#last.then(() => this.#appendWaiting());
    });
  }

  /** Does something between two entries: `begun`, which must be on the disk first, then `done` or `failed`. */
  async around<T>(event: Omit<AuditEvent, 'outcome'>, act: () => Promise<T>): Promise<T> {
    await this.record({ ...event, outcome: 'begun' });
    try {
      const result = await act();
      await this.record({ ...event, outcome: 'done' });
      return result;
    } catch (error) {
      const detail = messageOf(error);
      await this.record({ ...event, outcome: 'failed', detail });
      throw error;
    }
  }

  /** Entries from an index on, at most two hundred, with the newest checkpoint. */
  async read(from: number, limit: number = MOST_ENTRIES): Promise<AuditLogDocument> {
    const [lines, checkpoint] = await this.#settled(from, limit);
    const entries = lines.map((line) => JSON.parse(line) as AuditEntry);
    return {
      apiVersion: 'cpiab.dev/v1',
      kind: 'AuditLog',
      from,
      entries,
      checkpoint,
      seal: this.#seal.document,
    };
  }

  get size(): number {
    return this.#tree.size;
  }

  /**
   * The newest checkpoint, and what proves that it continues the log as it was with `since` entries.
   * @param since entries that a witness has a checkpoint of, at most `size`.
   */
  async witness(since: number): Promise<{ note: string; proof: string[] }> {
    const subtrees = this.#subtrees ?? (await this.#undisturbed(() => this.#loadSubtrees()));
    const proof = subtrees.proof(since, this.#tree.size);
    return { note: this.#checkpoint, proof: proof.map((hash) => hash.toString('base64')) };
  }

  async #loadSubtrees(): Promise<SubtreeHashes> {
    this.#subtrees ??= await this.#allSubtrees();
    return this.#subtrees;
  }

  async #allSubtrees(): Promise<SubtreeHashes> {
    const subtrees = new SubtreeHashes();
    for (let from = 0; from < this.#file.length; from += MOST_ENTRIES)
      for (const line of await this.#file.read(from, MOST_ENTRIES))
        subtrees.append(Buffer.from(leafHash(Buffer.from(line)), 'hex'));
    return subtrees;
  }

  /** Entries and the checkpoint of one moment: no entry is added in between. */
  #settled(from: number, limit: number): Promise<[string[], string]> {
    return this.#undisturbed(async () => [
      await this.#file.read(from, Math.min(limit, MOST_ENTRIES)),
      this.#checkpoint,
    ]);
  }

  #undisturbed<T>(read: () => Promise<T>): Promise<T> {
    const done = this.#last.then(read);
    this.#last = done.catch(() => {});
    return done;
  }

  async #appendWaiting(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      const entries = await this.#append(batch.map(({ event }) => event));
      for (const [index, { done }] of batch.entries()) done(entries[index] as AuditEntry);
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }

  async #append(events: readonly AuditEvent[]): Promise<AuditEntry[]> {
    const tree = this.#tree.copy();
    const entries: AuditEntry[] = [];
    const lines: string[] = [];
    for (const event of events) {
      const entry = this.#entry(event, tree);
      const line = JSON.stringify(entry);
      tree.append(Buffer.from(line));
      entries.push(entry);
      lines.push(line);
    }
    await this.#file.append(...lines);
    this.#tree = tree;
    for (const line of lines) this.#subtrees?.append(Buffer.from(leafHash(Buffer.from(line)), 'hex'));
    await this.#sign();
    return entries;
  }

  #entry(event: AuditEvent, tree: MerkleTree): AuditEntry {
    return {
      index: tree.size,
      time: new Date(this.#clock.wall()).toISOString(),
      uptimeMs: Math.round(this.#clock.uptime()),
      who: { name: plain(event.who.name), fingerprint: event.who.fingerprint },
      action: event.action,
      subject: plain(event.subject),
      outcome: event.outcome,
      detail: plain(event.detail),
      tree: tree.root().toString('base64'),
    };
  }

  /**
   * A cut between entry and checkpoint is harmless: the next start signs what is there. So nobody waits until the
   * checkpoint is on the disk, only until each reader of this machine sees it.
   */
  async #sign(): Promise<void> {
    const { origin } = this.#seal;
    const text = formatCheckpoint({ origin, size: this.#tree.size, root: this.#tree.root() });
    this.#checkpoint = this.#seal.note(text);
    const path = join(this.#directory, 'checkpoint');
    await writeFile(`${path}.new`, this.#checkpoint);
    await rename(`${path}.new`, path);
  }

  async #own(outcome: AuditEvent['outcome'], detail: string): Promise<void> {
    await this.record({ who: theBox, action: 'audit', subject: 'log', outcome, detail });
  }

  /** @returns bytes that were cut off, and what is wrong with the log that was there. */
  async #load(): Promise<{ torn: number; wrong: string | null }> {
    const path = join(this.#directory, 'log');
    const signed = await this.#signedBefore();
    const reader = new ChainReader(this.#tree, signed);
    const { file, torn } = await LineFile.open(path, (line) => reader.take(line));
    this.#file = file;
    const wrong = reader.wrong();
    if (reader.broken) {
      await file.close();
      const aside = `log.damaged-${this.#clock.wall()}`;
      await rename(path, join(this.#directory, aside));
      this.#tree = new MerkleTree();
      this.#file = (await LineFile.open(path, () => {})).file;
      return { torn: 0, wrong: `${wrong}; it was set aside as ${aside}` };
    }
    await this.#sign();
    return { torn, wrong };
  }

  async #signedBefore(): Promise<{ size: number; root: Buffer } | null> {
    const note = await readFile(join(this.#directory, 'checkpoint'), 'utf8').catch(() => null);
    const text = note === null ? null : openNote(note, parseNoteKey(this.#seal.document.key));
    return text === null ? null : parseCheckpoint(text);
  }
}

/** What others wrote, such as a commit's subject, must not control the terminal of who reads it. */
const plain = (text: string) => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, LONGEST);
