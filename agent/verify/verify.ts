import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeAtomic } from '../../host/files.ts';
import type { Board } from '../board.ts';
import type { StepContext } from '../step.ts';
import { BlobCheck, expectedFiles } from './blobs.ts';
import { hashFile, isEmulated } from './hash.ts';
import { keepRotations, readManifest } from './manifest.ts';
import { keepSequence, refuseOlder } from './sequence-number.ts';

/**
 * Checks the whole bundle: signature, sequence, then the content of every blob. Work of later steps
 * that needs only some blobs may begin when those are good.
 */
export async function verify(board: Board, { signal, progress }: StepContext): Promise<string> {
  const { paths, site, report } = board;
  const trust = { keyFile: paths.siteKey, rotations: paths.rotations, site: site.name };
  const { manifest, digest, key } = await readManifest(paths.bundle, trust);
  await refuseOlder(paths.sequence, manifest.sequence);
  report.set({ version: manifest.revision, sequence: manifest.sequence });
  const emulated = await isEmulated();
  const files = expectedFiles(manifest, paths.medium, paths.bundle);
  const blobs = new BlobCheck(files, (path, size, stop) => hashFile(path, size, emulated, stop));
  board.put('blobs', blobs);
  board.put('signed', { digest, key });
  board.put('manifest', manifest);
  const signed = `sequence ${manifest.sequence}, signed by ${key}`;
  if ((await checkedThisBoot(paths.run)) === digest) {
    blobs.trustAll();
    return `${signed}; ${files.length} files checked earlier in this boot`;
  }
  await blobs.checkAll(availableParallelism(), signal, (done, total) =>
    progress(`${mebibytes(done)} of ${mebibytes(total)} MiB`),
  );
  // A version on trial leaves nothing that would keep the one before from coming back.
  if (board.peek('updater')?.onTrial !== true) {
    await keepRotations(paths.bundle, paths.rotations, manifest);
    await keepSequence(paths.sequence, manifest.sequence);
  }
  await mkdir(paths.run, { recursive: true });
  await writeAtomic(join(paths.run, 'verified'), digest);
  return `${signed}; ${files.length} files, ${mebibytes(blobs.bytes)} MiB match`;
}

/** What a restarted agent finds in memory-backed /run: the bundle that was checked since power-on. */
async function checkedThisBoot(run: string): Promise<string> {
  return await readFile(join(run, 'verified'), 'utf8').catch(() => '');
}

const mebibytes = (bytes: number) => Math.round(bytes / (1 << 20));
