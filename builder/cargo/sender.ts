import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { CargoReceiver } from '../../contract/cargo.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type KeyIdentity, makeIdentity, parseIdentity, recipientOf } from '../../host/age/keys.ts';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { readTextFile } from '../../host/input-file.ts';
import { decodeSecretKey, type SiteKey } from '../bundle/minisign.ts';

const RecordSchema = z.strictObject({
  /** 32 random bytes: what chunks for this receiver are named and cut by. */
  key: z.base64(),
  /** What opens them again, to write only what has changed. */
  identity: z.string(),
  /** Of the last cargo; 0 for none. */
  sequence: z.int().nonnegative(),
});
type Record = z.infer<typeof RecordSchema>;

/** What a sender remembers of one receiver. It lies with the site's keys, and is as secret as what it encrypts. */
export class SenderRecord {
  readonly key: Buffer;
  readonly identity: KeyIdentity;
  /** Its `age1…`. */
  readonly recipient: string;
  readonly #path: string;
  readonly #record: Record;

  private constructor(path: string, record: Record) {
    const [identity, recipient] = [parseIdentity(record.identity), recipientOf(record.identity)];
    if (identity === null || recipient === null) throw new Error(`${path} has no identity of age`);
    this.#path = path;
    this.#record = record;
    this.key = Buffer.from(record.key, 'base64');
    this.identity = identity;
    this.recipient = recipient;
  }

  /** @param keys directory of the site's keys. */
  static async of(keys: string, { recipient, boxId, fingerprint }: CargoReceiver): Promise<SenderRecord> {
    const name = createHash('sha256').update([recipient, boxId, fingerprint].join('\n')).digest('hex');
    const path = join(await ensureDirectory(join(keys, 'cargo')), `${name.slice(0, 16)}.json`);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    const fresh = () => ({
      key: randomBytes(32).toString('base64'),
      identity: makeIdentity().secret,
      sequence: 0,
    });
    const record = new SenderRecord(path, text === null ? fresh() : RecordSchema.parse(JSON.parse(text)));
    if (text === null) await record.#keep();
    return record;
  }

  /** Never given twice: kept before it is used. */
  async nextSequence(): Promise<number> {
    this.#record.sequence += 1;
    await this.#keep();
    return this.#record.sequence;
  }

  async #keep(): Promise<void> {
    await writeAtomic(this.#path, `${JSON.stringify(this.#record)}\n`, { mode: 0o600 });
  }
}

/** The key that a site's cargo is signed with; none is made here. @throws CpiabError E1430, E1050 for a file that holds none. */
export async function signingKey(keys: string, site: string): Promise<SiteKey> {
  const path = join(keys, 'minisign.key');
  const text = await readTextFile(path).catch((cause: unknown) => {
    throw new CpiabError('E1430', { subject: path, args: [site], cause });
  });
  try {
    return decodeSecretKey(text);
  } catch (cause) {
    throw new CpiabError('E1050', { subject: path, cause });
  }
}
