import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRepository } from '../../agent/serve/git/repository.ts';
import { ledgerState } from '../../drill/database/ledger.ts';
import { inside } from '../../drill/netns/command.ts';
import { startDns } from '../../drill/netns/services.ts';
import { cutPower, hasPower, restorePower } from '../../drill/power.ts';
import { waitFor } from '../../drill/wait.ts';
import { writeAtomic } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { BankDatabases } from '../support/bank-databases.ts';

let banks: BankDatabases;

beforeAll(async () => {
  banks = await BankDatabases.make('bank-a-to-bank-b', [
    { fault: 'power-cut', at: 'move.fence', bank: 'a', afterMs: 0 },
  ]);
  await startDns(banks.drill.world, 'a', 'a');
});
afterAll(() => banks.remove());

const cut = async () => {
  await cutPower(banks.drill, 'a');
  await restorePower(banks.drill, 'a');
};

test('a power cut takes what was not on the disk, and nothing that was acknowledged', async () => {
  const { drill, a } = banks;
  const { world } = drill;
  const [synced, unsynced] = ['synced', 'unsynced'].map((name) => join(world.directory(a.host), name));
  await writeAtomic(synced ?? '', 'there');
  await writeFile(unsynced ?? '', 'gone');
  expect(await banks.payIn(a)).toBeNull();
  const before = await ledgerState(a);
  await cutPower(drill, 'a');
  expect(await hasPower(world, 'a')).toBe(false);
  expect(await banks.payIn(a)).toMatch(/timeout expired|No route to host|Network is unreachable/);
  await restorePower(drill, 'a');
  expect(await hasPower(world, 'a')).toBe(true);
  expect(await readFile(synced ?? '', 'utf8')).toBe('there');
  await expect(readFile(unsynced ?? '', 'utf8')).rejects.toThrow('ENOENT');
  expect(await ledgerState(a)).toEqual(before);
  expect(await banks.payIn(a)).toBeNull();
});

test('a repository of a box is whole when the power goes as soon as it is there', async () => {
  const { world, signal } = banks.drill;
  const directory = world.directory(world.host('a', 'box'));
  const bundle = join(world.work, 'power.bundle');
  const work = ['git', '-C', join(world.work, 'work')];
  await run(['git', 'init', '--quiet', '--initial-branch=main', join(world.work, 'work')]);
  const author = ['-c', 'user.name=drill', '-c', 'user.email=drill@example.org'];
  await run([...work, ...author, 'commit', '--quiet', '--allow-empty', '--message=first']);
  await run([...work, 'bundle', 'create', '--quiet', bundle, 'main']);
  const path = join(directory, 'power.git');
  const { id } = await (await openRepository(path, bundle, signal)).head();
  await cut();
  expect(await (await openRepository(path, bundle, signal)).head()).toMatchObject({ id });
  await run(['git', '--git-dir', path, 'fsck', '--strict']);
});

test('hosts start again what they ran', async () => {
  const { world } = banks.drill;
  await cut();
  const web = world.namespace(world.host('a', 'web'));
  const asked = await waitFor(() => inside(web, ['getent', 'hosts', world.serviceName]), {
    ...{ seconds: 60, what: 'DNS does not answer', signal: banks.drill.signal },
  });
  expect(asked.split(' ')[0]).toBe(world.host('a', 'web').address);
});

test('a bank that was fenced is still fenced when its power is back', async () => {
  await banks.a.fence();
  await cut();
  expect(await banks.a.takesWrites()).toBe(false);
  expect(await banks.payIn(banks.a)).toMatch(/read-only transaction/);
});
