import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { watchSpace } from '../../../agent/watch/space.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { BoxGit } from '../../support/box-git.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const MB = 1 << 20;
const limits = { low: 0.1, full: 2 * MB, reserve: 8 * MB };
const here = freshDirectory();
const { signal } = new AbortController();
const before = process.env['TMPDIR'] ?? '/tmp';
const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('full disks are not tried: mounting one needs root\n');

/** A small disk of its own, which ends up as full as told. */
beforeEach(async () => {
  if (!isRoot) return;
  await mkdir(here('disk'));
  await run(['mount', '-t', 'tmpfs', '-o', 'size=64M,mode=0755', 'none', here('disk')]);
  process.env['TMPDIR'] = here('disk');
});
afterEach(async () => {
  process.env['TMPDIR'] = before;
  if (isRoot) await run(['umount', '--lazy', here('disk')]);
});

/** Writes a file that leaves so much room. */
async function fill(name: string, left: number): Promise<void> {
  const { bavail, bsize } = await statfs(here('disk'));
  await mkdir(here('disk', name), { recursive: true });
  await writeFile(here('disk', name, 'data'), Buffer.alloc(bavail * bsize - left, 1));
}

describe.skipIf(!isRoot)('a data disk', () => {
  const look = () =>
    watchSpace({ state: here('disk'), reserve: here('disk', 'reserve') }, 'disk', limits)(signal);

  test('with room is no news, and some of it is kept back', async () => {
    expect(await look()).toBeNull();
    expect(existsSync(here('disk', 'reserve'))).toBe(true);
  });

  test('that gets full is told with what is on it, before it is full', async () => {
    await look();
    await fill('volumes', 5 * MB);
    await fill('backups', 4 * MB);
    expect(await look()).toMatchObject({
      problem: expect.stringMatching(
        /^the place of the box's state is nearly full: 4\.2 MB of 67 MB are free; most is in volumes \(5\d MB\), reserve/,
      ),
      nextAction: expect.stringMatching(/^remove volumes.*goes on by itself/),
    });
    expect(existsSync(here('disk', 'reserve'))).toBe(true);
  });

  test('that is full gives up what was kept back, says so until there is room, and keeps it back again', async () => {
    await look();
    await fill('volumes', MB);
    expect((await look())?.problem).toMatch(/is full/);
    expect(existsSync(here('disk', 'reserve'))).toBe(false);
    expect((await look())?.problem).toMatch(/is full: 9\.\d MB/);
    await rm(here('disk', 'volumes'), { recursive: true });
    expect(await look()).toBeNull();
    expect(existsSync(here('disk', 'reserve'))).toBe(true);
  });

  test('that is full takes no push and loses no commit; with the reserve it takes the one that makes room', async () => {
    await look();
    const box = await BoxGit.start();
    try {
      const first = (await box.repository.head()).id;
      await writeFile(box.path('large.bin'), randomBytes(2 * MB));
      const large = await box.commit();
      await fill('volumes', 0);
      const refused = await box.push('main');
      expect(refused.taken).toBe(false);
      expect((await box.repository.head()).id).toBe(first);
      await run(['git', '--git-dir', box.repository.path, 'fsck', '--full', '--strict']);
      await expect(box.git('commit', '--quiet', '--allow-empty', '--message', 'here too')).rejects.toThrow(
        ProcessError,
      );
      expect((await look())?.problem).toMatch(/is full/);
      expect((await box.push('main')).said).not.toMatch(/error/);
      expect((await box.repository.head()).id).toBe(large);
    } finally {
      await box.stop();
    }
  });
});
