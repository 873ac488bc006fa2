import { mkdir, mkdtemp, open, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { seed } from '../../contract/seed.ts';
import { ensureDirectory, renameDurably } from '../../host/files.ts';
import { run } from '../../host/process.ts';

/** The first moment that FAT knows, in seconds since the epoch: the same seed makes the same bytes. */
const EPOCH = 315_532_800;
const DATE = '1980010100000000';
/** FAT serial number, eight hexadecimal digits. */
const SERIAL = '43505344';

/** Where a boot sector has a partition table. */
const TABLE = { start: 446, length: 64 };

type Writer = (scratch: string, image: string, signal: AbortSignal) => Promise<void>;

const writers: Readonly<Record<string, Writer>> = { '.iso': writeIso, '.img': writeFat };

/**
 * Writes a volume that a box knows as its seed: ISO 9660 for a disc, FAT for a stick, by the name of the file.
 * @throws CpiabError E1313 for another name.
 */
export async function writeSeedVolume(text: string, out: string, signal: AbortSignal): Promise<void> {
  const write = writers[extname(out)];
  if (write === undefined)
    throw new CpiabError('E1313', { subject: out, args: [extname(out) || 'one without an extension'] });
  const scratch = await mkdtemp(join(await ensureDirectory(dirname(resolve(out))), '.seed-'));
  try {
    const folder = join(scratch, 'tree');
    await mkdir(folder, { mode: 0o755 });
    await writeFile(join(folder, seed.file), text, { mode: 0o644 });
    await utimes(join(folder, seed.file), EPOCH, EPOCH);
    await utimes(folder, EPOCH, EPOCH);
    const image = join(scratch, 'image');
    await write(scratch, image, signal);
    await renameDurably(image, out);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function writeIso(scratch: string, image: string, signal: AbortSignal): Promise<void> {
  const dates = [`--modification-date=${DATE}`, '--set_all_file_dates', DATE];
  const owners = ['-uid', '0', '-gid', '0', '-file-mode', '0444', '-dir-mode', '0555'];
  const argv = ['xorriso', '-as', 'mkisofs', '-quiet', '-output', image, '-volid', seed.label];
  const tree = join(scratch, 'tree');
  await run([...argv, '-rational-rock', '-joliet', ...dates, ...owners, tree], { env: ENVIRONMENT, signal });
}

/** The size of a floppy disk, which every system knows. */
async function writeFat(scratch: string, image: string, signal: AbortSignal): Promise<void> {
  const options = { env: { ...ENVIRONMENT, MTOOLSRC: '/dev/null' }, signal };
  await run(['mformat', '-i', image, '-C', '-f', '1440', '-N', SERIAL, '-v', seed.label, '::'], options);
  await clearTable(image);
  await run(['mcopy', '-i', image, '-m', join(scratch, 'tree', seed.file), `::${seed.file}`], options);
}

/** mformat writes a partition table into the boot sector, by which Linux would see the same volume twice. */
async function clearTable(image: string): Promise<void> {
  const file = await open(image, 'r+');
  try {
    await file.write(Buffer.alloc(TABLE.length), 0, TABLE.length, TABLE.start);
  } finally {
    await file.close();
  }
}

/** Source: https://reproducible-builds.org/specs/source-date-epoch/. */
const ENVIRONMENT = { SOURCE_DATE_EPOCH: String(EPOCH), TZ: 'UTC' };
