import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { apiIdentity } from '../../../../agent/api/identity.ts';
import { AuditLog } from '../../../../agent/audit/log.ts';
import { openSeal, type Seal } from '../../../../agent/seal.ts';
import type { AuditEvent } from '../../../../contract/audit-log.ts';
import { CpiabError } from '../../../../contract/errors.ts';
import { checkContinues, checkSeal, verifyLog } from '../../../../host/audit-log.ts';

let root: string;
let directory: string;
let seal: Seal;
let fingerprint: string;
let count = 0;

const clock = { wall: () => Date.UTC(2030, 0, 1), uptime: () => 5 };
const open = () => AuditLog.open(directory, seal, clock);
const event = (subject: string): AuditEvent => ({
  who: { name: 'alice', fingerprint: 'AB:CD' },
  action: 'push',
  subject,
  outcome: 'done',
  detail: '',
});
const subjects = async (log: AuditLog) => (await log.read(0)).entries.map((entry) => entry.subject);
const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof CpiabError) return [error.code, error.message];
    throw error;
  }
  return expect.unreachable();
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cpiab-log-'));
  const identity = await apiIdentity(join(root, 'tls'), ['localhost']);
  fingerprint = identity.fingerprint;
  seal = await openSeal(join(root, 'tls', 'seal.key'), 'b1', identity);
});
beforeEach(() => {
  count += 1;
  directory = join(root, `audit-${count}`);
});
afterAll(() => rm(root, { recursive: true }));

describe('the audit log', () => {
  test('keeps what is recorded over a restart, in order, signed', async () => {
    const log = await open();
    await Promise.all(['a', 'b', 'c'].map((subject) => log.record(event(subject))));
    const again = await open();
    await again.record(event('d'));
    expect(await subjects(again)).toEqual(['a', 'b', 'c', 'd']);
    expect(verifyLog(await again.read(0), 'log')).toMatchObject({ fingerprint, size: 4 });
  });

  test('loses none of many that are recorded at once', async () => {
    const many = 150;
    const log = await open();
    await Promise.all(Array.from({ length: many }, (_, index) => log.record(event(String(index)))));
    const lines = (await readFile(join(directory, 'log'), 'utf8')).split('\n');
    expect(lines).toHaveLength(many + 1);
    expect(verifyLog(await log.read(0), 'log').size).toBe(many);
  });

  test('cuts off what a power cut left of an entry, wherever it hit, and says so', async () => {
    const log = await open();
    await log.record(event('whole'));
    const { length } = await readFile(join(directory, 'log'));
    await log.record(event('torn'));
    const before = await readFile(join(directory, 'log'));
    for (let size = length + 1; size < before.length; size += 7) {
      await writeFile(join(directory, 'log'), before.subarray(0, size));
      // The power went before the checkpoint of the torn entry was written.
      await rm(join(directory, 'checkpoint'));
      const again = await open();
      expect(await subjects(again)).toEqual(['whole', 'log']);
      const { entries } = await again.read(1);
      expect(entries[0]).toMatchObject({
        action: 'audit',
        detail: expect.stringContaining(`${size - length} bytes`),
      });
      verifyLog(await again.read(0), 'log');
    }
  });

  test('signs an entry whose checkpoint the power cut took', async () => {
    const log = await open();
    await log.record(event('a'));
    const checkpoint = await readFile(join(directory, 'checkpoint'));
    await log.record(event('b'));
    await writeFile(join(directory, 'checkpoint'), checkpoint);
    const again = await open();
    expect(await subjects(again)).toEqual(['a', 'b']);
    verifyLog(await again.read(0), 'log');
  });

  test('that lost signed entries says which', async () => {
    const log = await open();
    await log.record(event('a'));
    const { length } = await readFile(join(directory, 'log'));
    await log.record(event('b'));
    await truncate(join(directory, 'log'), length);
    const { entries } = await (await open()).read(0);
    expect(entries[1]).toMatchObject({
      outcome: 'failed',
      detail: 'entries 1 to 1 are missing: they were signed before',
    });
  });

  test.each([
    ['edited', (text: string) => text.replace('"subject":"a"', '"subject":"x"')],
    ['made unreadable', (text: string) => text.replace('"subject":"a"', '"subject":a')],
    ['robbed of its first entry', (text: string) => text.slice(text.indexOf('\n') + 1)],
  ])('that was %s is set aside, and the new one says so', async (_how, change) => {
    const log = await open();
    for (const subject of ['a', 'b', 'c']) await log.record(event(subject));
    const path = join(directory, 'log');
    await writeFile(path, change(await readFile(path, 'utf8')));
    const { entries } = await (await open()).read(0);
    expect(entries).toMatchObject([
      { action: 'audit', outcome: 'failed', detail: expect.stringContaining('set aside') },
    ]);
    expect((await readdir(directory)).filter((name) => name.startsWith('log.damaged-'))).toHaveLength(1);
  });

  test('an action is written down before it is done, and how it ended after', async () => {
    const log = await open();
    const { outcome: _, ...update } = event('v2');
    const seen = await log.around(update, async () => log.size);
    expect(seen).toBe(1);
    await expect(log.around(update, () => Promise.reject(new Error('no space')))).rejects.toThrow('no space');
    const { entries } = await log.read(0);
    expect(entries.map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['begun', ''],
      ['done', ''],
      ['begun', ''],
      ['failed', 'no space'],
    ]);
  });

  test('what others wrote is one line without control characters', async () => {
    const log = await open();
    await log.record(event('a\u001b[2J\nb\u2028c\u202e'));
    expect(await subjects(log)).toEqual(['a [2J b c ']);
    expect(await subjects(await open())).toEqual(['a [2J b c ']);
  });
});

describe('a copy of the log', () => {
  async function copy() {
    const log = await open();
    for (const subject of ['a', 'b', 'c', 'd']) await log.record(event(subject));
    return await log.read(0);
  }

  test('with an edited entry is refused with its index', async () => {
    const log = await copy();
    const edited = log.entries.map((entry, index) => (index === 1 ? { ...entry, subject: 'x' } : entry));
    expect(codeOf(() => verifyLog({ ...log, entries: edited }, 'log'))).toEqual([
      'E2162',
      expect.stringContaining('entry 1:'),
    ]);
  });

  test('with its newest entry edited or gone is refused with its index', async () => {
    const log = await copy();
    const edited = log.entries.map((entry, index) => (index === 3 ? { ...entry, subject: 'x' } : entry));
    expect(codeOf(() => verifyLog({ ...log, entries: edited }, 'log'))).toEqual([
      'E2162',
      expect.stringContaining('entry 3:'),
    ]);
    const short = log.entries.slice(0, 3);
    expect(codeOf(() => verifyLog({ ...log, entries: short }, 'log'))).toEqual([
      'E2162',
      expect.stringContaining('entry 3:'),
    ]);
  });

  test('without an entry in the middle, or without the first, is refused', async () => {
    const log = await copy();
    const without = (gone: number) => log.entries.filter((_, index) => index !== gone);
    for (const gone of [0, 2])
      expect(codeOf(() => verifyLog({ ...log, entries: without(gone) }, 'log'))[1]).toContain(
        `entry ${gone}:`,
      );
    expect(codeOf(() => verifyLog({ ...log, from: 1, entries: without(0) }, 'log'))[0]).toBe('E2162');
  });

  test('with the checkpoint or the seal of another box is refused', async () => {
    const log = await copy();
    const identity = await apiIdentity(join(root, 'other'), ['localhost']);
    const other = await openSeal(join(root, 'other', 'seal.key'), 'b1', identity);
    const checkpoint = other.note('cpiab.dev/box/b1\n0\n\n');
    expect(codeOf(() => verifyLog({ ...log, checkpoint }, 'log'))[0]).toBe('E2161');
    const mixed = { ...log.seal, certificate: other.document.certificate };
    expect(codeOf(() => checkSeal(mixed, 'log'))[0]).toBe('E2160');
  });

  test('that was rolled back or written anew does not continue an earlier one', async () => {
    const earlier = await copy();
    await rm(directory, { recursive: true });
    const log = await open();
    for (const subject of ['a', 'y']) await log.record({ ...event(subject) });
    const anew = await log.read(0);
    verifyLog(anew, 'log');
    expect(codeOf(() => checkContinues(anew, earlier, 'log'))).toEqual([
      'E2162',
      expect.stringContaining('entry 1:'),
    ]);
    expect(() => checkContinues(earlier, earlier, 'log')).not.toThrow();
  });
});
