import { readdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isBackupDue, overdue } from '../../../../agent/backup/schedule.ts';
import { BackupStore } from '../../../../agent/backup/store.ts';
import type { BackupRecord } from '../../../../contract/backup.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();
const HOUR = 3_600_000;
const now = Date.parse('2026-11-22T12:00:00Z');
const { signal } = new AbortController();

const made = (hoursAgo: number, scheduled = true): BackupRecord => ({
  apiVersion: 'cpiab.dev/v1',
  kind: 'BackupRecord',
  name: `lab-${hoursAgo}.age`,
  size: 1,
  sha256: '0'.repeat(64),
  created: new Date(now - hoursAgo * HOUR).toISOString(),
  gitHead: '0'.repeat(40),
  recipients: [],
  scheduled,
});

test.each([
  ['none is wanted', [], null, false],
  ['there is none', [], 24, true],
  ['the newest is young', [made(30), made(2)], 24, false],
  ['the newest is as old as the period', [made(24)], 24, true],
  ['only a person made one', [made(2, false)], 24, true],
  ['the clock was set back', [made(-5)], 24, true],
] as const)('a backup is due when %s: %#', (_what, all, every, due) => {
  expect(isBackupDue(all, every, now)).toBe(due);
});

test('more than two periods without one are told, with what failed', () => {
  expect(overdue(made(47), 0, 24, now, '')).toBeNull();
  expect(overdue(made(49), 0, 24, now, 'no space left')?.problem).toBe(
    'the newest backup is older than 48 h: no space left',
  );
  expect(overdue(undefined, now - 10 * HOUR, 24, now, '')).toBeNull();
  expect(overdue(undefined, now - 49 * HOUR, 24, now, '')).not.toBeNull();
  expect(overdue(undefined, 0, null, now, '')).toBeNull();
});

test('the oldest of the schedule go, those of people and the newest stay, and nothing of a cut', async () => {
  const store = new BackupStore(here('backups'));
  async function* content() {
    yield Buffer.from('x');
  }
  for (const [hours, scheduled] of [
    [9, true],
    [8, false],
    [7, true],
    [6, true],
  ] as const)
    await store.write(made(hours, scheduled), content(), signal);
  writeFileSync(here('backups', 'lab-5.age.new'), 'half');
  writeFileSync(here('backups', 'lab-4.age'), 'without its record');
  await store.prune(2);
  expect((await store.list()).map(({ name }) => name)).toEqual(['lab-8.age', 'lab-7.age', 'lab-6.age']);
  expect(readdirSync(here('backups'))).toHaveLength(6);
});

test('a backup that fails half way leaves no file', async () => {
  const store = new BackupStore(here('backups'));
  async function* broken() {
    yield Buffer.from('x');
    throw new Error('the volume is gone');
  }
  await expect(store.write(made(1), broken(), signal)).rejects.toThrow('the volume is gone');
  expect(readdirSync(here('backups'))).toEqual([]);
});
