import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claimedEnd, type Encryption } from '../../contract/encryption.ts';
import { dataLabel } from '../../contract/layout.ts';
import { seed, withoutPassphrase } from '../../contract/seed.ts';
import { makeExt4 } from './ext4.ts';
import { partitionMounted } from './mounted.ts';
import type { Target } from './target.ts';

/** Makes the data partition: a file system, or a claim where the box that starts from the disk shall encrypt it. */
export async function makeState(target: Target, encrypt: Encryption, signal: AbortSignal): Promise<void> {
  if (encrypt !== 'none') return await claim(target, '');
  const options = ['-t', 'ext4', '-b', '4096', '-L', dataLabel, '-m', '1'];
  const extended = ['lazy_itable_init=1', 'lazy_journal_init=1'];
  await makeExt4(target.disk.path, target.layout.partitions.data, options, extended, signal);
}

/**
 * Puts a seed to where the box looks for it, but for the passphrase that opens the disk it would lie on.
 * @param scratch directory to mount in.
 */
export async function leaveSeed(
  target: Target,
  encrypt: Encryption,
  text: string,
  scratch: string,
): Promise<void> {
  const kept = withoutPassphrase(text);
  if (encrypt !== 'none') return await claim(target, kept);
  const { start, size } = target.layout.partitions.data;
  await partitionMounted({ disk: target.disk.path, start, size }, 'write', scratch, (root) =>
    writeFile(join(root, seed.file), kept, { mode: 0o600 }),
  );
}

async function claim({ disk, layout }: Target, text: string): Promise<void> {
  const { start, size } = layout.partitions.data;
  const end = claimedEnd(text);
  const file = await open(disk.path, 'r+');
  try {
    await file.write(end, 0, end.length, start + size - end.length);
    await file.sync();
  } finally {
    await file.close();
  }
}
