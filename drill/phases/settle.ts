import type { Kept } from '../../contract/drill/report.ts';
import type { BankName } from '../../contract/drill/scenario.ts';
import { ProcessError } from '../../host/process.ts';
import { boxGit } from '../box-git.ts';
import { type LedgerState, ledgerState, missingFrom } from '../database/ledger.ts';
import type { Drill } from '../drill.ts';
import { isAcknowledged, readCustomers, readStatements } from '../measure/logs.ts';
import { inside } from '../netns/command.ts';
import { stopProgram } from '../netns/programs.ts';
import { customersLog, shareOf, statementsLog } from '../netns/services.ts';
import { hashOf, hashShare } from '../share.ts';
import type { Step } from '../step.ts';
import { waitFor } from '../wait.ts';

const AFTERWARDS = 5;
const SECONDS = 300;

/** What was promised is there, and bank A can neither write nor speak for the workload any more. */
export const settle = {
  writes: { title: 'every acknowledged write is in bank B', run: expectWrites },
  checksums: { title: 'ledgers and files of both banks are compared', run: checksums },
  drift: { title: "both boxes' Git is at the same commit", run: drift },
  'read-only': { title: 'bank A refuses writes, also after a power cut', run: expectReadOnly },
  revoke: { title: "bank A's nodes shut out", run: revoke },
} satisfies Record<string, Step>;

async function expectWrites(drill: Drill): Promise<Kept> {
  const { world, signal } = drill;
  const { address } = world.host('b', 'database');
  const wait = { seconds: SECONDS, what: 'bank B takes too few writes', signal };
  await waitFor(async () => {
    const payments = (await readCustomers(customersLog(world))).filter(isAcknowledged);
    const made = (await readStatements(statementsLog(world, 'b'))).length;
    return payments.filter(({ server }) => server === address).length >= AFTERWARDS && made > 0 ? true : null;
  }, wait);
  await stopProgram(world, world.host('a', 'customers'));
  await stopProgram(world, world.host('b', 'batch'));
  return await keptIn(drill, 'b');
}

/** Holds what customers and batch were told against what a bank has. They must have stopped. */
export async function keptIn(drill: Drill, bank: BankName): Promise<Kept> {
  const { world } = drill;
  const database = await drill.database(bank);
  const payments = (await readCustomers(customersLog(world))).filter(isAcknowledged);
  const statements = [
    ...(await readStatements(statementsLog(world, 'a'))),
    ...(await readStatements(statementsLog(world, 'b'))),
  ];
  const files = await hashShare(shareOf(world, bank));
  const { balanced } = await ledgerState(database);
  return {
    ...{ bank, acknowledged: payments.length, statements: statements.length, files: files.size, balanced },
    missingPayments: await missingFrom(
      database,
      'payment',
      payments.map(({ id }) => id),
    ),
    missingStatements: await missingFrom(
      database,
      'statement',
      statements.map(({ id }) => id),
    ),
    missingFiles: statements.filter(({ file, sha256 }) => files.get(file) !== sha256).map(({ file }) => file),
  };
}

async function checksums(drill: Drill): Promise<object> {
  const { method } = drill.scenario.workload.database;
  const ledger = await { streaming: sameLedger, dump: untouchedLedger }[method](drill);
  return { ledger, files: hashOf(await hashShare(shareOf(drill.world, 'b'))) };
}

/** Of a bank A that does not follow: it has what it had when it was fenced, and bank B began with that. */
async function untouchedLedger(drill: Drill): Promise<LedgerState> {
  const { ledger } = drill.journal.resultOf<{ ledger: LedgerState }>('move.catch-up');
  const old = await ledgerState(await drill.database('a'));
  if (JSON.stringify(old) !== JSON.stringify(ledger)) throw new Error("bank A's ledger has changed since");
  return await ledgerState(await drill.database('b'));
}

async function sameLedger(drill: Drill): Promise<LedgerState> {
  const [a, b] = [await drill.database('a'), await drill.database('b')];
  const wait = { seconds: SECONDS, what: 'bank A does not follow', signal: drill.signal };
  await waitFor(async () => ((await a.position()) >= (await b.position()) ? true : null), wait);
  const [own, old] = [await ledgerState(b), await ledgerState(a)];
  if (JSON.stringify(own) !== JSON.stringify(old)) throw new Error('the ledgers of the banks differ');
  return own;
}

async function drift(drill: Drill): Promise<object> {
  const [a, b] = [await headOf(drill, 'a'), await headOf(drill, 'b')];
  if (a !== b) throw new Error(`bank A's Git is at ${a}, bank B's at ${b}`);
  return { head: b };
}

/** What a box's own Git says over its API. */
async function headOf(drill: Drill, bank: BankName): Promise<string> {
  return (await boxGit(drill, bank, 'ls-remote', 'URL', 'refs/heads/main')).split('\t')[0] ?? '';
}

/** Ways in which somebody may still try to write in bank A. */
const ATTEMPTS = [
  'SELECT pay(gen_random_uuid(), 1, 2, 1)',
  'SET default_transaction_read_only = off; SELECT pay(gen_random_uuid(), 1, 2, 1)',
  'BEGIN READ WRITE; SELECT pay(gen_random_uuid(), 1, 2, 1); COMMIT',
];

/** From the service's own host, as the service; then again after the server was killed and started. */
async function expectReadOnly(drill: Drill): Promise<object> {
  const database = await drill.database('a');
  const refusals = await attempts(drill);
  await database.kill();
  await database.start();
  refusals.push(...(await attempts(drill)));
  return { attempts: refusals.length, taken: 0, refusals: [...new Set(refusals)] };
}

async function attempts(drill: Drill): Promise<string[]> {
  const { world } = drill;
  const env = (await drill.database('a')).environment;
  const said: string[] = [];
  for (const attempt of ATTEMPTS) {
    const argv = ['psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--command', attempt];
    const outcome = await inside(world.namespace(world.host('a', 'web')), argv, {
      env,
      user: 'nobody',
      cwd: '/',
    }).then(
      () => null,
      (error: unknown) => {
        if (error instanceof ProcessError) return error.stderr.trim().split('\n')[0] ?? '';
        throw error;
      },
    );
    if (outcome === null) throw new Error(`bank A took a write: ${attempt}`);
    if (!/read-only transaction|recovery/.test(outcome))
      throw new Error(`bank A refused for another reason: ${outcome}`);
    said.push(outcome);
  }
  return said;
}

async function revoke(drill: Drill): Promise<object> {
  const box = await drill.box('a');
  for (const node of await box.nodes()) if (node.state === 'joined') await box.revoke(node.id);
  const left = (await box.nodes()).filter(({ state }) => state === 'joined').map(({ name }) => name);
  if (left.length > 0) throw new Error(`bank A's box still takes ${left.join(', ')}`);
  return { revoked: (await box.nodes()).filter(({ state }) => state === 'revoked').map(({ name }) => name) };
}
