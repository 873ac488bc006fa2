import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ensureDirectory,
  freeBytes,
  linkOrCopy,
  sha256File,
  share,
  writeAtomic,
} from '../../../host/files.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-files-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('writeAtomic', () => {
  test('replaces a file whole and leaves nothing beside it', async () => {
    const path = join(directory, 'report.json');
    await writeFile(path, 'old and much longer');
    await writeAtomic(path, 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(directory)).toEqual(['report.json']);
  });

  test('gives exactly the mode asked for, whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      await writeAtomic(join(directory, 'open'), '', { mode: 0o666 });
      await writeAtomic(join(directory, 'secret'), '', { mode: 0o600 });
    } finally {
      process.umask(before);
    }
    const mode = async (name: string) => (await stat(join(directory, name))).mode & 0o777;
    expect([await mode('open'), await mode('secret')]).toEqual([0o666, 0o600]);
  });

  test('leaves the old file and no `.new` one when the name cannot be given', async () => {
    const path = join(directory, 'taken');
    await mkdir(join(path, 'child'), { recursive: true });
    await expect(writeAtomic(path, 'x')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readdir(directory)).toEqual(['taken']);
  });

  test('of two writers at once one wins whole', async () => {
    const path = join(directory, 'shared');
    const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
    await Promise.all(texts.map((text) => writeAtomic(path, text)));
    expect(texts).toContain(await readFile(path, 'utf8'));
    expect(await readdir(directory)).toEqual(['shared']);
  });
});

describe('ensureDirectory', () => {
  test('makes parents, and is content with what is there', async () => {
    const path = join(directory, 'a', 'b', 'c');
    expect(await ensureDirectory(path)).toBe(path);
    await Promise.all([ensureDirectory(path), ensureDirectory(join(path, 'd'))]);
    expect((await stat(join(path, 'd'))).isDirectory()).toBe(true);
    await ensureDirectory('/');
  });

  test('fails where nothing can be made, rather than trying for ever', async () => {
    await expect(ensureDirectory('/proc/cpiab/cache')).rejects.toThrow('ENOENT');
    await writeFile(join(directory, 'file'), '');
    await expect(ensureDirectory(join(directory, 'file'))).rejects.toThrow('EEXIST');
    await expect(ensureDirectory(join(directory, 'file', 'x'))).rejects.toThrow('ENOTDIR');
  });
});

test('sha256File gives digest and size', async () => {
  const bytes = Buffer.alloc(3_000_001, 7);
  await writeFile(join(directory, 'blob'), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  expect(await sha256File(join(directory, 'blob'))).toEqual({ sha256, size: bytes.length });
});

test('sha256File stops when told', async () => {
  await writeFile(join(directory, 'blob'), Buffer.alloc(1 << 20));
  await expect(sha256File(join(directory, 'blob'), AbortSignal.abort())).rejects.toThrow('abort');
});

test('linkOrCopy gives a second name to the same file', async () => {
  await writeFile(join(directory, 'one'), 'x');
  expect(await linkOrCopy(join(directory, 'one'), join(directory, 'two'))).toBe('linked');
  expect((await stat(join(directory, 'two'))).nlink).toBe(2);
});

test('share gives a name that cannot be written through by mistake', async () => {
  await writeFile(join(directory, 'one'), 'text');
  await share(join(directory, 'one'), join(directory, 'two'));
  expect(await readFile(join(directory, 'two'), 'utf8')).toBe('text');
  const [one, two] = await Promise.all(['one', 'two'].map((name) => stat(join(directory, name))));
  // A clone is a file of its own, as writable as its model; a link is the same file.
  if (one?.ino === two?.ino) expect((two?.mode ?? 0) & 0o777).toBe(0o444);
});

test('linkOrCopy copies to another file system, and never over a file', async () => {
  const other = await mkdtemp('/dev/shm/cpiab-files-');
  try {
    await writeFile(join(directory, 'one'), 'x');
    expect(await linkOrCopy(join(directory, 'one'), join(other, 'two'))).toBe('copied');
    await chmod(join(other, 'two'), 0o600);
    await expect(linkOrCopy(join(directory, 'one'), join(other, 'two'))).rejects.toThrow(/EEXIST|EXDEV/);
  } finally {
    await rm(other, { recursive: true });
  }
});

test('freeBytes is a plausible number', async () => {
  const free = await freeBytes(directory);
  expect(Number.isSafeInteger(free)).toBe(true);
  expect(free).toBeGreaterThan(0);
});
