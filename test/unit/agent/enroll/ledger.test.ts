import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Ledger, type NodeRecord } from '../../../../agent/enroll/ledger.ts';
import { nodeRecord } from '../../../support/enroll/node-record.ts';

// Thousands of lines take a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const HOUR = 3_600_000;
const requested = Date.UTC(2030, 0, 1);
const program = join(import.meta.dirname, '../../../support/enroll/ledger-child.ts');

let directory: string;
let now: number;

const open = () => Ledger.open(directory, () => now);
const text = () => readFile(join(directory, 'ledger'), 'utf8');
const lines = async () => (await text()).split('\n').length - 1;
const record = (name: string, more: Partial<NodeRecord> = {}) => nodeRecord(name, requested, more);

/** As a busy year leaves it: the newest record, again and again. */
async function fill(count = 5100): Promise<void> {
  const last = (await text()).trimEnd().split('\n').at(-1);
  await appendFile(join(directory, 'ledger'), `${last}\n`.repeat(count));
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-ledger-'));
  now = requested;
  onTestFinished(() => rm(directory, { recursive: true }));
});

test('what nobody decided is forgotten a day after its time, and members and revoked keys never', async () => {
  const ledger = await open();
  const nodes = [
    record('asked'),
    record('late', { expires: requested + 48 * HOUR }),
    record('approved', { state: 'approved' }),
    record('member', { state: 'joined' }),
    record('revoked', { state: 'revoked', revokedAt: requested }),
  ];
  await ledger.put({ nodes });
  now += 26 * HOUR;
  await ledger.put({ nodes: [record('member', { state: 'joined' })] });
  await fill();
  const again = await open();
  expect([...again.nodes.values()].map(({ name }) => name)).toEqual(['late', 'member', 'revoked']);
  expect([again.named('asked'), again.byKey.size]).toEqual([[], 3]);
  expect(await lines()).toBe(4);
  expect((await open()).nodes).toEqual(again.nodes);
});

test('a ledger whose records are all forgotten still knows how late it was', async () => {
  const ledger = await open();
  await ledger.put({ nodes: [record('asked')] });
  now += 26 * HOUR;
  await ledger.put({});
  await fill();
  expect((await open()).nodes.size).toBe(0);
  expect((await open()).lastSeen).toBe(now);
});

test('is written anew while it is open, and goes on from there', async () => {
  const first = await open();
  const member = record('member', { state: 'joined' });
  await first.put({ nodes: [member] });
  await fill(5000);
  const ledger = await open();
  expect(await lines()).toBe(5001);
  for (const reason of ['a', 'b', 'c']) await ledger.put({ nodes: [{ ...member, reason }] });
  expect(await lines()).toBe(4);
  expect((await open()).nodes).toEqual(ledger.nodes);
});

/** Puts records until it is killed. @returns the names that it said were written down. */
async function acknowledged(child: ChildProcess): Promise<string[]> {
  const names: string[] = [];
  if (child.stdout !== null)
    for await (const line of createInterface({ input: child.stdout })) names.push(line);
  return names;
}

test.each(['before', 'after'])(
  'killed %s it has its new lines, it has each record that it said it has',
  async (when) => {
    const first = await open();
    await first.put({ nodes: [record('member', { state: 'joined' })] });
    await fill(4995);
    const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const watching = watch(directory, (kind, name) => {
      const renamed = kind === 'rename' && name === 'ledger';
      if (when === 'before' ? name?.endsWith('.new') === true : renamed) child.kill('SIGKILL');
    });
    onTestFinished(() => watching.close());
    const exit = once(child, 'exit');
    const names = await acknowledged(child);
    expect((await exit)[1]).toBe('SIGKILL');
    const found = [...(await open()).nodes.values()].map(({ name }) => name);
    expect(found).toEqual(expect.arrayContaining(['member', ...names]));
    expect(names.length).toBeGreaterThan(2);
  },
);
