import { readFile } from 'node:fs/promises';
import { CpiabError } from '../../contract/errors.ts';
import { writeAtomic } from '../../host/files.ts';

/**
 * Refuses a bundle that is older than one this box has run: a signature alone can't tell an old medium
 * with known faults from the current one.
 * @param path file with the highest sequence so far; none on a new box.
 * @throws CpiabError E2110.
 */
export async function refuseOlder(path: string, sequence: number): Promise<void> {
  const kept = await keptSequence(path);
  if (sequence < kept)
    throw new CpiabError('E2110', { subject: 'bundle', args: [String(sequence), String(kept)] });
}

/** Remembers the sequence, once the whole bundle is known to be good. */
export async function keepSequence(path: string, sequence: number): Promise<void> {
  if ((await keptSequence(path)) < sequence) await writeAtomic(path, `${sequence}\n`);
}

/** Lets an older bundle run again, as an operator has asked for. */
export async function lowerSequence(path: string, sequence: number): Promise<void> {
  await writeAtomic(path, `${sequence}\n`);
}

/** The highest sequence so far; 0 on a new box. */
export async function keptSequence(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '0';
    throw error;
  });
  const kept = Number.parseInt(text, 10);
  // Written whole or not at all, so anything else is damage; guessing could let an old bundle in.
  if (!Number.isSafeInteger(kept)) throw new Error(`${path} holds no number`);
  return kept;
}
