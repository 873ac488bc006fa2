import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CpiabError } from '../contract/errors.ts';
import { writeAtomic } from './files.ts';
import { readTextFile } from './input-file.ts';

/** A box that this machine started or was told of: how to reach it and how to know it. */
export const BoxRecordSchema = z.strictObject({
  /** `https://127.0.0.1:<port>`. */
  url: z.string(),
  /** SHA-256 of its API key (SPKI), hexadecimal, as its console showed it. */
  fingerprint: z.string(),
  site: z.string(),
  /** QEMU's process, or null for a machine of its own. */
  pid: z.int().nullable(),
  /** Path of its data disk, or null. */
  disk: z.string().nullable(),
  /** Path of its serial console's log. */
  console: z.string(),
  /** Milliseconds since the epoch. */
  started: z.int(),
});
export type BoxRecord = z.infer<typeof BoxRecordSchema>;

/** Where each virtual machine that was started has a folder of its own. */
export const machinesFolder = (cacheRoot: string) => join(cacheRoot, 'machines');
/** A machine's serial console, in its folder. */
export const CONSOLE_LOG = 'console.log';

const folder = (cacheRoot: string) => join(cacheRoot, 'boxes');

/** Keeps a record, one file for each address. */
export async function keepBoxRecord(cacheRoot: string, record: BoxRecord): Promise<void> {
  await mkdir(folder(cacheRoot), { recursive: true });
  const path = join(folder(cacheRoot), `${new URL(record.url).host.replace(':', '-')}.json`);
  await writeAtomic(path, `${JSON.stringify(record, null, 1)}\n`, { mode: 0o600 });
}

/** What records there are, and where each lies. @throws CpiabError E1052. */
export async function boxRecords(cacheRoot: string): Promise<{ path: string; record: BoxRecord }[]> {
  const names = await readdir(folder(cacheRoot)).catch(() => []);
  const paths = names.map((name) => join(folder(cacheRoot), name));
  return await Promise.all(paths.map(async (path) => ({ path, record: await readRecord(path) })));
}

/** The record of an address, or of the box started last when no address is given; null when there is none. @throws CpiabError E1052. */
export async function findBoxRecord(cacheRoot: string, url?: string): Promise<BoxRecord | null> {
  const records = (await boxRecords(cacheRoot)).map(({ record }) => record);
  const wanted = url === undefined ? records : records.filter((record) => sameOrigin(record.url, url));
  return wanted.toSorted((a, b) => b.started - a.started)[0] ?? null;
}

async function readRecord(path: string): Promise<BoxRecord> {
  const text = await readTextFile(path);
  try {
    return BoxRecordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CpiabError('E1052', { subject: path, cause });
  }
}

function sameOrigin(one: string, other: string): boolean {
  return new URL(one).origin === new URL(other).origin;
}
