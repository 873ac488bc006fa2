import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type UpdateRecord, UpdateRecordSchema } from '../../contract/update.ts';
import { writeAtomic } from '../../host/files.ts';

/** What the box knows of its last change of version, over restarts and power cuts. */
export class Journal {
  readonly #path: string;

  /** @param directory on the data partition. */
  constructor(directory: string) {
    this.#path = join(directory, 'record.json');
  }

  /** Null where there is none, or none that this version can read. */
  async read(): Promise<UpdateRecord | null> {
    const text = await readFile(this.#path, 'utf8').catch(() => 'null');
    const parsed = UpdateRecordSchema.nullable().safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  }

  async write(record: UpdateRecord): Promise<UpdateRecord> {
    await mkdir(join(this.#path, '..'), { recursive: true, mode: 0o700 });
    await writeAtomic(this.#path, `${JSON.stringify(record, null, 1)}\n`);
    return record;
  }
}
