import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../drill/database/database.ts';
import { carryDump, isWhole } from '../../drill/database/dump.ts';
import { ledgerState } from '../../drill/database/ledger.ts';
import type { Drill } from '../../drill/drill.ts';
import { cable } from '../../drill/netns/network.ts';
import { handWrites } from '../../drill/phases/hand-over.ts';
import { ProcessError } from '../../host/process.ts';
import { BankDatabases } from '../support/bank-databases.ts';

let banks: BankDatabases;
let drill: Drill;
let a: Database;
let b: Database;

beforeAll(async () => {
  banks = await BankDatabases.make('homelab-move');
  ({ drill, a, b } = banks);
  await b.create();
  await b.start();
  await b.makeUsers();
});
afterAll(() => banks.remove());

test('one that was fenced, and whose writes nobody else has taken, is let loose at once', async () => {
  await a.fence();
  expect(await banks.writers()).toEqual([false, false]);
  expect(await banks.payIn(a)).toMatch(/read-only transaction/);
  await handWrites(drill, 'b', 'a');
  expect(await banks.writers()).toEqual([true, false]);
  expect(await banks.payIn(a)).toBeNull();
});

test('what was dumped before the fence is not taken for all of it', async () => {
  await carryDump(a, b, 300);
  expect(await banks.payIn(a)).toBeNull();
  expect(await isWhole(a, b)).toBeNull();
});

test('writes go to the other bank with all that was there, and never to both', async () => {
  const before = await ledgerState(a);
  await handWrites(drill, 'a', 'b');
  expect(await banks.writers()).toEqual([false, true]);
  expect(await ledgerState(b)).toEqual(before);
  expect(await banks.payIn(a)).toMatch(/read-only transaction/);
  expect(await banks.payIn(b)).toBeNull();
});

test('cut off while it is restored, a server lets the service in no more, and the same hand-over goes on', async () => {
  await b.fence();
  // As far as it may have come.
  await a.close();
  await a.promote();
  expect(await banks.writers()).toEqual([false, false]);
  expect(await banks.payIn(a)).toMatch(/no pg_hba\.conf entry/);
  const taken = await ledgerState(b);
  await handWrites(drill, 'b', 'a');
  expect(await banks.writers()).toEqual([true, false]);
  expect(await ledgerState(a)).toEqual(taken);
  expect(await banks.payIn(a)).toBeNull();
  const paid = await ledgerState(a);
  await handWrites(drill, 'b', 'a');
  expect(await ledgerState(a)).toEqual(paid);
});

test('banks that are split: the one is fenced, the other lets nobody in, until all rows could be compared', async () => {
  const { world } = drill;
  await cable(world, 'down');
  await expect(handWrites(drill, 'a', 'b')).rejects.toThrow(ProcessError);
  expect(await banks.writers()).toEqual([false, false]);
  await a.kill();
  await a.start();
  expect(await banks.payIn(a)).toMatch(/read-only transaction/);
  expect(await banks.payIn(b)).toMatch(/no pg_hba\.conf entry/);
  await cable(world, 'up');
  const before = await ledgerState(a);
  await handWrites(drill, 'a', 'b');
  expect(await banks.writers()).toEqual([false, true]);
  expect(await ledgerState(b)).toEqual(before);
});
