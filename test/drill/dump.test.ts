import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../drill/database/database.ts';
import { carryDump, isWhole } from '../../drill/database/dump.ts';
import { ledgerState } from '../../drill/database/ledger.ts';
import type { Drill } from '../../drill/drill.ts';
import { inside } from '../../drill/netns/command.ts';
import { beginDrill } from '../../drill/open.ts';
import { handWrites } from '../../drill/phases/hand-over.ts';
import { prepare } from '../../drill/phases/prepare.ts';
import { tearDown } from '../../drill/tear-down.ts';

const repository = join(import.meta.dirname, '..', '..');
const PAY = 'SELECT pay(gen_random_uuid(), 1, 2, 5)';
let directory = '';
let drill: Drill;
let a: Database;
let b: Database;

beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'cpiab-dump-')));
  process.env['XDG_CONFIG_HOME'] = join(directory, 'config');
  const scenario = join(repository, 'drills', 'homelab-move.yaml');
  drill = await beginDrill(repository, scenario, join(directory, 'out'), new AbortController().signal);
  await prepare.banks.run(drill);
  [a, b] = [await drill.database('a'), await drill.database('b')];
  for (const server of [a, b]) {
    await server.create();
    await server.start();
  }
  const ledger = await readFile(join(repository, 'drill', 'database', 'ledger.sql'), 'utf8');
  const grants = 'GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO app;';
  const accounts = 'INSERT INTO account SELECT id, 1000, 1000 FROM generate_series(1, 4) AS id;';
  await a.furnish([ledger, accounts, grants].join('\n'));
  await b.makeUsers();
  await a.sql(PAY);
});
afterAll(async () => {
  await tearDown(drill.world);
  await rm(directory, { recursive: true, force: true });
});

/** A payment by the service's own user from its own host; null where it was taken, else what the server said. */
async function payIn(server: Database): Promise<string | null> {
  const { world } = drill;
  const namespace = world.namespace(world.host(server.host.bank, 'web'));
  const argv = ['psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--command', PAY];
  return await inside(namespace, argv, { env: server.environment, user: 'nobody', cwd: '/' }).then(
    () => null,
    (error: { stderr: string }) => error.stderr,
  );
}

const writers = async () => [await a.takesWrites(), await b.takesWrites()];

test('one that was fenced, and whose writes nobody else has taken, is let loose at once', async () => {
  await a.fence();
  expect(await writers()).toEqual([false, false]);
  expect(await payIn(a)).toMatch(/read-only transaction/);
  await handWrites(drill, 'b', 'a');
  expect(await writers()).toEqual([true, false]);
  expect(await payIn(a)).toBeNull();
});

test('what was dumped before the fence is not taken for all of it', async () => {
  await carryDump(a, b, 300);
  expect(await payIn(a)).toBeNull();
  expect(await isWhole(a, b)).toBeNull();
});

test('writes go to the other bank with all that was there, and never to both', async () => {
  const before = await ledgerState(a);
  await handWrites(drill, 'a', 'b');
  expect(await writers()).toEqual([false, true]);
  expect(await ledgerState(b)).toEqual(before);
  expect(await payIn(a)).toMatch(/read-only transaction/);
  expect(await payIn(b)).toBeNull();
});

test('cut off while it is restored, a server lets the service in no more, and the same hand-over goes on', async () => {
  await b.fence();
  // As far as it may have come.
  await a.close();
  await a.promote();
  expect(await writers()).toEqual([false, false]);
  expect(await payIn(a)).toMatch(/no pg_hba\.conf entry/);
  const taken = await ledgerState(b);
  await handWrites(drill, 'b', 'a');
  expect(await writers()).toEqual([true, false]);
  expect(await ledgerState(a)).toEqual(taken);
  expect(await payIn(a)).toBeNull();
  const paid = await ledgerState(a);
  await handWrites(drill, 'b', 'a');
  expect(await ledgerState(a)).toEqual(paid);
});
