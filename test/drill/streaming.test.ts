import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../drill/database/database.ts';
import { ledgerState } from '../../drill/database/ledger.ts';
import type { Drill } from '../../drill/drill.ts';
import { cable } from '../../drill/netns/network.ts';
import { handWrites } from '../../drill/phases/hand-over.ts';
import { TooLate } from '../../drill/wait.ts';
import { BankDatabases, PAY } from '../support/bank-databases.ts';

let banks: BankDatabases;
let drill: Drill;
let a: Database;
let b: Database;

beforeAll(async () => {
  banks = await BankDatabases.make('bank-a-to-bank-b');
  ({ drill, a, b } = banks);
  drill.scenario.limits.cutOverSeconds = 3;
  await b.copyFrom(a.host);
  await b.start();
});
afterAll(() => banks.remove());

/** What somebody may try who wants to write where nobody may. */
const tries = [
  PAY,
  `SET default_transaction_read_only = off; ${PAY}`,
  `BEGIN READ WRITE; ${PAY}; COMMIT`,
  'SELECT pg_promote()',
  "ALTER SYSTEM SET primary_conninfo = ''",
];

async function expectRefused(server: Database): Promise<void> {
  for (const sql of tries)
    expect(await banks.payIn(server, sql), sql).toMatch(
      /read-only transaction|during recovery|permission denied/,
    );
}

test('a server that follows takes no writes, whatever the service tries', async () => {
  expect(await banks.writers()).toEqual([true, false]);
  await expectRefused(b);
  expect(await banks.payIn(a)).toBeNull();
});

test('banks that are split: with writes that only bank A has, no hand-over makes bank B a writer', async () => {
  await cable(drill.world, 'down');
  expect(await banks.payIn(a)).toBeNull();
  for (const again of [1, 2]) {
    await expect(handWrites(drill, 'a', 'b'), `${again}`).rejects.toThrow(TooLate);
    expect(await banks.writers()).toEqual([false, false]);
  }
  await expectRefused(a);
  await expectRefused(b);
});

test('a bank that was fenced stays so after a power cut, also when it is alone', async () => {
  await a.kill();
  await a.start();
  expect(await banks.writers()).toEqual([false, false]);
  await expectRefused(a);
});

test('the cable is back: bank B gets all that was acknowledged, and bank A follows', async () => {
  const before = await ledgerState(a);
  await cable(drill.world, 'up');
  drill.scenario.limits.cutOverSeconds = 60;
  await handWrites(drill, 'a', 'b');
  expect(await banks.writers()).toEqual([false, true]);
  expect(await ledgerState(b)).toEqual(before);
  await expectRefused(a);
  expect(await banks.payIn(b)).toBeNull();
});

test('split on the way back: nobody takes writes until bank A has all that bank B took', async () => {
  await cable(drill.world, 'down');
  expect(await banks.payIn(b)).toBeNull();
  drill.scenario.limits.cutOverSeconds = 3;
  await expect(handWrites(drill, 'b', 'a')).rejects.toThrow(TooLate);
  expect(await banks.writers()).toEqual([false, false]);
  await cable(drill.world, 'up');
  drill.scenario.limits.cutOverSeconds = 60;
  const taken = await ledgerState(b);
  await handWrites(drill, 'b', 'a');
  expect(await banks.writers()).toEqual([true, false]);
  expect(await ledgerState(a)).toEqual(taken);
});
