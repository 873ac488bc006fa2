import { appendFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Journal } from '../../../drill/journal.ts';
import { removeTree } from '../../support/remove-tree.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-journal-'));
});
afterAll(() => removeTree(directory));

test('what was cut off in its last line was never done', async () => {
  const path = join(directory, 'journal.jsonl');
  const first = await Journal.open(path);
  await first.add('seal.cargo', 'begun');
  await first.add('seal.cargo', 'done', { bytes: 3 });
  await appendFile(path, '{"time":1,"step":"ship.carry","ev');
  const next = await Journal.open(path);
  expect(next.stateOf('ship.carry')).toBeNull();
  await next.add('ship.carry', 'begun');
  const last = await Journal.read(path);
  expect([last.stateOf('seal.cargo'), last.stateOf('ship.carry')]).toEqual(['done', 'begun']);
  expect(last.resultOf('seal.cargo')).toEqual({ bytes: 3 });
});

test('a fault does not change how far a step is, and is known to be injected', async () => {
  const journal = await Journal.open(join(directory, 'faults.jsonl'));
  await journal.add('move.fence', 'begun');
  await journal.add('move.fence', 'fault', { index: 1 });
  expect(journal.stateOf('move.fence')).toBe('begun');
  expect([journal.injectedAt(0), journal.injectedAt(1) === null]).toEqual([null, false]);
});

test('a drill is over when it was reported how it has ended, and nothing failed since', async () => {
  const journal = await Journal.open(join(directory, 'over.jsonl'));
  const states: boolean[] = [journal.isOver];
  for (const [step, event] of [
    ['close.report', 'done'],
    ['close.report', 'failed'],
    ['move.fence', 'back'],
    ['close.report', 'done'],
  ] as const) {
    await journal.add(step, event);
    states.push(journal.isOver);
  }
  expect(states).toEqual([false, true, false, false, true]);
});
