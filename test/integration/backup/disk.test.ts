import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BackupCopies } from '../../../agent/backup/copies.ts';
import { copyToDisk } from '../../../agent/backup/disk.ts';
import { BackupStore } from '../../../agent/backup/store.ts';
import { Board } from '../../../agent/board.ts';
import { BoxReport } from '../../../agent/report/report.ts';
import type { BackupRecord } from '../../../contract/backup.ts';
import { box } from '../../../contract/layout.ts';
import { parseBoxSite } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const path = freshDirectory();
const { signal } = new AbortController();
const loops: string[] = [];
let store: BackupStore;
let copies: BackupCopies;

beforeEach(async () => {
  await mkdir(path('run'));
  store = new BackupStore(path('backups'));
  const report = new BoxReport(['verify'], () => 0, 'harbour');
  report.set({ id: 'b1' });
  const site = parseBoxSite({
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'harbour' },
    engine: { version: 'v1.36.3' },
  });
  const board = new Board(site, report, () => {}, { ...box, run: path('run') });
  copies = new BackupCopies(board, store, { keep: 2, everyHours: 24 });
});
afterEach(async () => {
  for (const loop of loops.splice(0)) await run(['losetup', '--detach', loop]);
});

/** A disk of a few MiB with a label. */
async function plugIn(name: string, label = 'CPIAB-BACKUP', size = 8): Promise<void> {
  await run(['truncate', '--size', `${size}M`, path(name)]);
  await run(['mkfs.ext4', '-q', '-L', label, '-m', '0', path(name)]);
  const { stdout } = await run(['losetup', '--find', '--show', path(name)]);
  loops.push(stdout.trim());
}

const made = async (day: number, bytes = 1000): Promise<BackupRecord> =>
  await store.write(
    {
      name: `harbour-2026112${day}.age`,
      created: `2026-11-2${day}T10:00:00.000Z`,
      gitHead: '0'.repeat(40),
      recipients: [],
      scheduled: true,
    },
    Readable.from([Buffer.alloc(bytes, day)]),
    signal,
  );

/** The code with which a look at the disk, or a copy to it, is refused. */
async function refused(record: BackupRecord | null = null): Promise<string> {
  const options = { scratch: path('run'), site: 'harbour', boxId: 'b1', keep: 2 };
  return (await refusal(copyToDisk(record === null ? null : { store, record }, options, signal))).code;
}

/** What the disk has, as another machine sees it. */
async function onDisk(name: string): Promise<string[]> {
  const { stdout } = await run(['debugfs', '-R', 'ls -p /cpiab/harbour/b1', path(name)]);
  return [...stdout.matchAll(/\/(harbour[^/]*)\//g)].map(([, file = '']) => file).toSorted();
}

const both = (day: number) => [`harbour-2026112${day}.age`, `harbour-2026112${day}.age.json`];

describe('the disk for backups', () => {
  test('gets each backup whole, and loses the oldest', async () => {
    await plugIn('disk');
    for (const day of [1, 2, 3]) {
      const created = `2026-11-2${day}T10:00:00.000Z`;
      const found = await copies.bring(await made(day), signal);
      expect(found).toEqual({ newest: created, count: Math.min(day, 2), problem: '' });
    }
    expect(await onDisk('disk')).toEqual([...both(2), ...both(3)]);
    const copy = path('copy.age');
    await run(['debugfs', '-R', `dump /cpiab/harbour/b1/harbour-20261123.age ${copy}`, path('disk')]);
    const { sha256 } = (await store.list()).at(-1) as BackupRecord;
    expect(
      createHash('sha256')
        .update(await readFile(copy))
        .digest('hex'),
    ).toBe(sha256);
    expect(await readdir(path('run'))).toEqual([]);
    await run(['e2fsck', '-fn', path('disk')]);
  });

  test('gets the newest when it comes later, and its lack is told after two periods', async () => {
    const record = await made(1);
    const day = 86_400_000;
    expect(await copies.bring(record, signal)).toMatchObject({
      newest: null,
      problem: expect.stringMatching(/no disk/),
    });
    expect(await refused()).toBe('E5410');
    expect(copies.overdue(0, 2 * day)).toBeNull();
    expect(copies.overdue(0, 2 * day + 1)?.problem).toBe(
      'the disk labelled CPIAB-BACKUP has no backup of the last 48 h: no disk is labelled CPIAB-BACKUP',
    );
    await plugIn('other', 'PHOTOS');
    expect(await copies.bring(record, signal)).toMatchObject({ problem: expect.stringMatching(/no disk/) });
    await plugIn('disk');
    expect(await copies.bring(record, signal)).toEqual({ newest: record.created, count: 1, problem: '' });
    const then = Date.parse(record.created);
    expect(copies.overdue(0, then + day)).toBeNull();
  });

  test('is one: of two, neither gets anything', async () => {
    await plugIn('one');
    await plugIn('two');
    const { problem } = await copies.bring(await made(1), signal);
    expect(problem).toBe(`more than one disk is labelled CPIAB-BACKUP: ${loops.toSorted().join(', ')}`);
    expect(await refused()).toBe('E5411');
  });

  test('that is full keeps what it had, and nothing half', async () => {
    await plugIn('disk');
    await copies.bring(await made(1), signal);
    const large = await made(2, 30 << 20);
    expect(await refused(large)).toBe('E5412');
    const found = await copies.bring(large, signal);
    expect(found).toMatchObject({
      count: 1,
      problem: expect.stringMatching(/the disk takes no backup: .*ENOSPC/),
    });
    expect(await onDisk('disk')).toEqual(both(1));
  });

  test('keeps no copy of a backup that has changed since it was made', async () => {
    await plugIn('disk');
    const record = await made(1);
    await chmod(path('backups', record.name), 0o600);
    await writeFile(path('backups', record.name), 'damaged');
    expect(await copies.bring(record, signal)).toMatchObject({
      problem: expect.stringMatching(/is not what was saved/),
    });
    expect(await onDisk('disk')).toEqual([]);
  });
});
