import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type Host,
  HostSchema,
  type InventoryEvent,
  InventoryEventSchema,
} from '../../contract/inventory.ts';
import { ensureDirectory, syncDirectory, writeAtomic } from '../../host/files.ts';
import { jsonOrNull } from '../../host/json.ts';
import { LineFile } from '../audit/file.ts';
import type { Change } from './host-table.ts';

/** Then the journal becomes a snapshot. */
const MOST_LINES = 500;
const MOST_BYTES = 4 << 20;

const SnapshotSchema = z.strictObject({
  /** Of the last journal line that is in it. */
  number: z.int().nonnegative(),
  hosts: z.array(HostSchema),
  events: z.array(InventoryEventSchema),
});

/** One line of the journal: what happened in one go. It is there whole or not at all. */
const LineSchema = z.strictObject({
  number: z.int().positive(),
  changes: z.array(
    z.strictObject({ event: InventoryEventSchema.nullable(), id: z.string(), host: HostSchema.nullable() }),
  ),
});

export interface Kept {
  hosts: Host[];
  events: InventoryEvent[];
}

/**
 * The inventory on the disk: `snapshot.json`, and `journal` with what happened since. Each line has a number, and a
 * snapshot the number of the last one that is in it, so that a cut between the two writes of a compaction repeats
 * nothing. What can't be read is set aside: the next look finds again what is there.
 */
export class InventoryStore {
  readonly #directory: string;
  #journal!: LineFile;
  #number = 0;
  #bytes = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<{ store: InventoryStore; kept: Kept }> {
    const store = new InventoryStore(await ensureDirectory(directory));
    const { number, hosts, events } = await store.#readSnapshot();
    store.#number = number;
    const all = new Map(hosts.map((host) => [host.id, host]));
    await store.#openJournal((line) => store.#replay(line, all, events));
    return { store, kept: { hosts: [...all.values()], events } };
  }

  /** On the disk when it returns. @throws the file system's error; then nothing was added. */
  async append(changes: readonly Change[]): Promise<void> {
    const line = JSON.stringify({ number: this.#number + 1, changes });
    await this.#journal.append(line);
    this.#number += 1;
    this.#bytes += line.length;
  }

  /** Whether the journal is long enough to be made a snapshot. */
  get isLong(): boolean {
    return this.#journal.length >= MOST_LINES || this.#bytes >= MOST_BYTES;
  }

  /** Writes all that is known, and begins a new journal. */
  async compact({
    hosts,
    events,
  }: {
    hosts: readonly Host[];
    events: readonly InventoryEvent[];
  }): Promise<void> {
    const snapshot = JSON.stringify({ number: this.#number, hosts, events });
    await writeAtomic(this.#path('snapshot.json'), `${snapshot}\n`, { mode: 0o600 });
    const before = this.#journal;
    await rm(this.#path('journal'), { force: true });
    await syncDirectory(this.#directory);
    await this.#openJournal(() => {});
    await before.close();
  }

  #replay(line: string, hosts: Map<string, Host>, events: InventoryEvent[]): void {
    const parsed = LineSchema.safeParse(jsonOrNull(line));
    // Lines that the snapshot has already, or that nobody can read.
    if (!parsed.success || parsed.data.number <= this.#number) return;
    this.#number = parsed.data.number;
    for (const { event, id, host } of parsed.data.changes) {
      if (host === null) hosts.delete(id);
      else hosts.set(id, host);
      if (event !== null) events.push(event);
    }
  }

  async #openJournal(onLine: (line: string) => void): Promise<void> {
    this.#bytes = 0;
    const { file } = await LineFile.open(this.#path('journal'), (line) => {
      this.#bytes += line.length;
      onLine(line);
    });
    this.#journal = file;
  }

  async #readSnapshot(): Promise<z.infer<typeof SnapshotSchema>> {
    const path = this.#path('snapshot.json');
    const text = await readFile(path, 'utf8').catch(() => null);
    const empty = { number: 0, hosts: [], events: [] };
    if (text === null) return empty;
    const parsed = SnapshotSchema.safeParse(jsonOrNull(text));
    if (parsed.success) return parsed.data;
    await rename(path, this.#path('snapshot.damaged'));
    return empty;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}
