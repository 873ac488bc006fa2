import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What `/usr/lib/cpiab/trial`, which watches over a version on trial, leaves when it ends it. */
const NAME = 'trial-ended';

/** Why the guard ended the last trial, or null; told once. @param directory of updates. */
export async function guardReason(directory: string): Promise<string | null> {
  const path = join(directory, NAME);
  const text = await readFile(path, 'utf8').catch(() => '');
  await rm(path, { force: true });
  return text.trim() === '' ? null : text.trim();
}
