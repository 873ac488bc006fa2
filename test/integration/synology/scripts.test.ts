import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ProcessError, run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const scripts = resolve(import.meta.dirname, '../../../synology');
const path = freshDirectory();

const script = (name: string, ...args: string[]) => run(['sh', join(scripts, name), ...args]);
const refused = async (work: Promise<unknown>) =>
  await work.then(
    () => null,
    (error: unknown) => (error instanceof ProcessError ? error : null),
  );

/** A folder as restic has it. @returns the path of its one file with content. */
async function repository(): Promise<string> {
  const content = 'a pack of blobs';
  const name = createHash('sha256').update(content).digest('hex');
  const file = path('backup', 'notes', 'data', name.slice(0, 2), name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, content);
  await writeFile(`${file}-tmp-123`, 'not all of it yet');
  await writeFile(path('backup', 'notes', 'config'), 'x');
  return file;
}

test('the scripts are free of shellcheck findings', async () => {
  const names = (await readdir(scripts)).filter((name) => name.endsWith('.sh'));
  expect(names.length).toBeGreaterThan(3);
  await run(['shellcheck', ...names.map((name) => join(scripts, name))]);
});

test('what Container Manager runs is there, reads only, and reaches nothing', async () => {
  const { services } = parse(await readFile(join(scripts, 'compose.yaml'), 'utf8'));
  const { command, network_mode, volumes } = services.verify;
  expect(network_mode).toBe('none');
  for (const volume of volumes as string[]) expect(volume).toMatch(/:ro$/);
  await expect(stat(join(scripts, command[1].replace('/scripts/', '')))).resolves.toBeDefined();
});

test('folders are made once, for whom the exports say, and links between them are of one file system', async () => {
  for (const share of ['data', 'backup']) await mkdir(path('volume', share), { recursive: true });
  const first = await script('folders.sh', path('volume'), 'notes');
  expect(first.stdout.split('\n').filter(Boolean)).toHaveLength(9);
  const [torrents, media] = await Promise.all(
    ['torrents', 'media'].map((name) => stat(path('volume', 'data', name, 'movies'))),
  );
  expect(torrents).toMatchObject({ uid: 1024, gid: 100, dev: media?.dev });
  expect(await stat(path('volume', 'backup', 'notes'))).toMatchObject({ uid: 1024, gid: 100 });
  await writeFile(path('volume', 'backup', 'notes', 'kept'), '');
  expect((await script('folders.sh', path('volume'), 'notes')).stdout).toBe('');
});

test('folders are made in shares alone, and only with names of apps', async () => {
  await mkdir(path('volume', 'data'), { recursive: true });
  expect((await refused(script('folders.sh', path('volume'))))?.stderr).toContain('backup is not there');
  await mkdir(path('volume', 'backup'));
  for (const name of ['..', 'a/b', 'Notes', ''])
    expect((await refused(script('folders.sh', path('volume'), name)))?.status).toBe(2);
});

test('a whole backup is whole; a file that is still being written does not count', async () => {
  await repository();
  const { stdout } = await script('verify.sh', path('backup'));
  expect(stdout).toContain('notes: 1 files, 0 damaged');
});

test('a file that the disk changed, or lost the end of, is named', async () => {
  const file = await repository();
  await truncate(file, 5);
  const failed = await refused(script('verify.sh', path('backup')));
  expect(failed?.status).toBe(1);
  expect(failed?.stdout).toContain(`damaged: ${file}`);
});

test('a share without a backup is no good news', async () => {
  await mkdir(path('backup'));
  expect((await refused(script('verify.sh', path('backup'))))?.status).toBe(1);
});

test('the newest snapshot is copied; what it has no longer goes, a disk that is not there is told', async () => {
  const day = async (name: string, file: string) => {
    await mkdir(path('kept', name), { recursive: true });
    await writeFile(path('kept', name, file), file);
  };
  await day('2026-11-21', 'old');
  await day('2026-11-22', 'new');
  await mkdir(path('kept', 'newer-than-all'));
  expect((await refused(script('copy.sh', path('kept'), path('usb'))))?.stderr).toContain('usb is not there');
  await mkdir(path('usb'));
  await script('copy.sh', path('kept'), path('usb'));
  expect(await readdir(path('usb'))).toEqual(['new']);
  await rm(path('kept', '2026-11-22'), { recursive: true });
  await script('copy.sh', path('kept'), path('usb'));
  expect(await readdir(path('usb'))).toEqual(['old']);
});
