import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupRecord, BackupRecordSchema } from '../../contract/backup.ts';
import { streamAtomic, writeAtomic } from '../../host/files.ts';
import { jsonOrNull } from '../../host/json.ts';

/** A directory of finished backups: each a file, with a record beside it that is written last. */
export class BackupStore {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Writes a backup. Cut off at any point, nothing of it counts. */
  async write(
    head: Pick<BackupRecord, 'name' | 'created' | 'gitHead' | 'recipients' | 'scheduled'>,
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<BackupRecord> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const path = join(this.directory, head.name);
    const hash = createHash('sha256');
    let size = 0;
    async function* hashed() {
      for await (const part of content) {
        hash.update(part);
        size += part.length;
        yield part;
      }
    }
    await streamAtomic(path, hashed(), { mode: 0o600, signal });
    const record: BackupRecord = {
      apiVersion: 'cpiab.dev/v1',
      kind: 'BackupRecord',
      ...head,
      size,
      sha256: hash.digest('hex'),
    };
    await writeAtomic(`${path}.json`, `${JSON.stringify(record, null, 1)}\n`, { mode: 0o600 });
    return record;
  }

  /** Oldest first. */
  async list(): Promise<BackupRecord[]> {
    const names = await readdir(this.directory).catch(() => [] as string[]);
    const found: BackupRecord[] = [];
    for (const name of names.filter((each) => each.endsWith('.age.json'))) {
      const text = await readFile(join(this.directory, name), 'utf8').catch(() => '');
      const record = BackupRecordSchema.safeParse(jsonOrNull(text));
      if (record.success) found.push(record.data);
    }
    return found.toSorted((a, b) => (a.created < b.created ? -1 : 1));
  }

  /** Removes the oldest that the schedule made, and what a cut left. */
  async prune(keep: number): Promise<void> {
    const all = await this.list();
    const old = all.filter(({ scheduled }) => scheduled).slice(0, -keep);
    for (const { name } of old) await this.remove(name);
    const known = new Set(all.flatMap(({ name }) => [name, `${name}.json`]));
    for (const name of await readdir(this.directory).catch(() => [] as string[]))
      if (!known.has(name) && /\.age(?:\.new)?$/.test(name))
        await rm(join(this.directory, name), { force: true });
  }

  async remove(name: string): Promise<void> {
    // The record first: a file without one counts for nothing.
    await rm(join(this.directory, `${name}.json`), { force: true });
    await rm(join(this.directory, name), { force: true });
  }
}
