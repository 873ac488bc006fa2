import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AuditEntry,
  AuditEntrySchema,
  type AuditEvent,
  type AuditLogDocument,
} from '../../contract/audit-log.ts';
import { writeAtomic } from '../../host/files.ts';
import { MerkleTree } from '../../host/merkle.ts';
import { formatCheckpoint, openNote, parseCheckpoint, parseNoteKey } from '../../host/signed-note.ts';
import type { Seal } from '../seal.ts';
import { LineFile } from './file.ts';

/** Who does what the box does by itself. */
export const theBox = { name: 'box', fingerprint: null } as const;

export interface AuditClock {
  /** Milliseconds since the epoch. */
  wall(): number;
  /** Milliseconds since power-on. */
  uptime(): number;
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

  /** Adds an entry. When it returns, the entry is on the disk. @throws the file system's error: then don't act. */
  record(event: AuditEvent): Promise<AuditEntry> {
    const done = this.#last.then(() => this.#append(event));
    this.#last = done.catch(() => {});
    return done;
  }

  /** Does something between two entries: `begun`, which must be on the disk first, then `done` or `failed`. */
  async around<T>(event: Omit<AuditEvent, 'outcome'>, act: () => Promise<T>): Promise<T> {
    await this.record({ ...event, outcome: 'begun' });
    try {
      const result = await act();
      await this.record({ ...event, outcome: 'done' });
      return result;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
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

  /** Entries and the checkpoint of one moment: no entry is added in between. */
  #settled(from: number, limit: number): Promise<[string[], string]> {
    const read = async (): Promise<[string[], string]> => [
      await this.#file.read(from, Math.min(limit, MOST_ENTRIES)),
      this.#checkpoint,
    ];
    const done = this.#last.then(read);
    this.#last = done.catch(() => {});
    return done;
  }

  async #append(event: AuditEvent): Promise<AuditEntry> {
    const entry: AuditEntry = {
      index: this.#tree.size,
      time: new Date(this.#clock.wall()).toISOString(),
      uptimeMs: Math.round(this.#clock.uptime()),
      who: { name: plain(event.who.name), fingerprint: event.who.fingerprint },
      action: event.action,
      subject: plain(event.subject),
      outcome: event.outcome,
      detail: plain(event.detail),
      tree: this.#tree.root().toString('base64'),
    };
    const line = JSON.stringify(entry);
    await this.#file.append(line);
    this.#tree.append(Buffer.from(line));
    await this.#sign();
    return entry;
  }

  /** A cut between entry and checkpoint is harmless: the next start signs what is there. */
  async #sign(): Promise<void> {
    const { origin } = this.#seal;
    const text = formatCheckpoint({ origin, size: this.#tree.size, root: this.#tree.root() });
    this.#checkpoint = this.#seal.note(text);
    await writeAtomic(join(this.#directory, 'checkpoint'), this.#checkpoint);
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

/** Holds the lines of a log against each other and against the checkpoint that was signed last. */
class ChainReader {
  broken = false;
  readonly #tree: MerkleTree;
  readonly #signed: { size: number; root: Buffer } | null;
  #wrong: string | null = null;

  constructor(tree: MerkleTree, signed: { size: number; root: Buffer } | null) {
    this.#tree = tree;
    this.#signed = signed;
  }

  take(line: string): void {
    if (this.broken) return;
    const entry = parseEntry(line);
    const { size } = this.#tree;
    if (entry === null || entry.index !== size || entry.tree !== this.#tree.root().toString('base64'))
      this.#break(`the log was changed at or before entry ${size}`);
    else this.#tree.append(Buffer.from(line));
    if (this.#tree.size === this.#signed?.size && !this.#tree.root().equals(this.#signed.root))
      this.#break(`entry ${size} is not the one that was signed`);
  }

  wrong(): string | null {
    const { size } = this.#tree;
    if (this.#wrong !== null || this.#signed === null || this.#signed.size <= size) return this.#wrong;
    return `entries ${size} to ${this.#signed.size - 1} are missing: they were signed before`;
  }

  #break(why: string): void {
    this.broken = true;
    this.#wrong = why;
  }
}

function parseEntry(line: string): AuditEntry | null {
  try {
    const parsed = AuditEntrySchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** What others wrote, such as a commit's subject, must not control the terminal of who reads it. */
const plain = (text: string) => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, LONGEST);
