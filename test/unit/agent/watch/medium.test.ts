import { mkdir, rm, writeFile } from 'node:fs/promises';
import { beforeEach, expect, test } from 'vitest';
import { watchMedium } from '../../../../agent/watch/medium.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();
const { signal } = new AbortController();
const medium = '/run/live/medium';
const look = () => watchMedium(medium, { mountinfo: here('mountinfo'), blockDevices: here('block') })(signal);

beforeEach(async () => {
  await writeFile(here('mountinfo'), `30 1 8:16 / ${medium} ro,relatime - iso9660 /dev/sdb ro\n`);
  await mkdir(here('block', '8:16'), { recursive: true });
  await writeFile(here('block', '8:16', 'size'), '1000000\n');
});

test('a medium that is there is no news', async () => {
  expect(await look()).toBeNull();
});

test('a stick that was pulled is told, with what to do', async () => {
  await rm(here('block', '8:16'), { recursive: true });
  expect(await look()).toMatchObject({
    problem: expect.stringContaining('the medium that this box runs from was removed'),
    nextAction: expect.stringContaining('put the medium back'),
  });
});

test('a drive that was emptied is told, though the drive is there', async () => {
  await writeFile(here('block', '8:16', 'size'), '0\n');
  expect((await look())?.problem).toContain('was removed');
});
