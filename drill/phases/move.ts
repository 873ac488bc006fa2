import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BankName } from '../../contract/drill/scenario.ts';
import { writeAtomic } from '../../host/files.ts';
import { type Approval, ApprovalSchema, approve, whyNotApproved } from '../approval.ts';
import { carryDump, dropIncoming, isWhole } from '../database/dump.ts';
import { ledgerState } from '../database/ledger.ts';
import type { Drill } from '../drill.ts';
import { isAcknowledged, readCustomers } from '../measure/logs.ts';
import { timeIn } from '../netns/clock.ts';
import { inside } from '../netns/command.ts';
import { onDisk } from '../netns/disk.ts';
import { stopProgram } from '../netns/programs.ts';
import { customersLog, pointTo, shareAddress, shareOf, startBatch, startWeb } from '../netns/services.ts';
import { hashOf, hashShare } from '../share.ts';
import type { Step } from '../step.ts';
import { waitFor } from '../wait.ts';
import { handWrites } from './hand-over.ts';

const FOLLOW_SECONDS = 300;
const FIRST_SECONDS = 300;

/** Data and writes: at no moment do both banks take writes, and nothing that was acknowledged is left behind. */
export const move = {
  replicate: { title: "bank B's database, by the scenario's method", run: replicate, back: dropReplica },
  files: { title: 'files copied while they change', run: copyFiles },
  approve: { title: 'somebody agrees to the cut-over', run: agree },
  fence: { title: 'bank A takes no more writes', run: fence, back: unfence },
  'catch-up': { title: 'bank B has all of them, compared row by row', run: catchUp },
  promote: { title: 'bank B takes writes', run: promote, back: handBack },
  redirect: { title: 'customers are sent to bank B', run: redirect, back: sendBack },
} satisfies Record<string, Step>;

async function replicate(drill: Drill): Promise<object> {
  const { method } = drill.scenario.workload.database;
  return await { streaming: followA, dump: rehearseDump }[method](drill);
}

/** Makes bank B's server, and tries on it what the cut-over will do. What is dumped now is not used. */
async function rehearseDump(drill: Drill): Promise<object> {
  const [a, b] = [await drill.database('a'), await drill.database('b')];
  await b.create();
  await b.start();
  await b.makeUsers();
  const carried = await carryDump(a, b, FOLLOW_SECONDS);
  await dropIncoming(b);
  await startWeb(drill.world, 'b', b);
  return carried;
}

async function followA(drill: Drill): Promise<object> {
  const [a, b] = [await drill.database('a'), await drill.database('b')];
  await b.copyFrom(a.host);
  await b.start();
  await startWeb(drill.world, 'b', b);
  const wait = { seconds: FOLLOW_SECONDS, what: "bank B's database does not follow", signal: drill.signal };
  const followers = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
  await waitFor(async () => ((await a.sql(followers, 'postgres')) === '1' ? true : null), wait);
  return { bytes: Number(await b.sql("SELECT pg_database_size('payments')")) };
}

async function dropReplica(drill: Drill): Promise<void> {
  await stopProgram(drill.world, drill.world.host('b', 'web'));
  const database = await drill.database('b');
  await database.stop('immediate');
  await database.drop();
}

async function copyFiles(drill: Drill): Promise<object> {
  await copyShare(drill, 'a', 'b', ['--delete']);
  return { files: (await hashShare(shareOf(drill.world, 'b'))).size };
}

/** What is being written has a name with a dot, and stays behind. A cable that is cut is waited for. */
async function copyShare(drill: Drill, from: BankName, to: BankName, more: readonly string[]): Promise<void> {
  const { world, scenario, signal } = drill;
  const what = ['--recursive', '--times', '--checksum', '--exclude=.*', ...more];
  const between = [shareAddress(world, from), `${shareOf(world, to)}/`];
  const argv = ['rsync', ...what, '--contimeout=10', '--timeout=60', ...between];
  const namespace = world.namespace(world.host(to, 'files'));
  const wait = {
    seconds: scenario.limits.cutOverSeconds,
    what: `bank ${to} has not all files of bank ${from}`,
    signal,
  };
  await waitFor(() => inside(namespace, argv, { user: 'nobody', cwd: '/' }), wait);
  await onDisk(shareOf(world, to));
}

export const approvalPath = (drill: Drill): string => join(drill.world.out, 'approval.json');

async function agree(drill: Drill): Promise<Approval> {
  const { by, validSeconds: seconds } = drill.scenario.approvals.cutOver;
  const { banks } = await drill.secrets();
  const approval = approve(drill.world.id, by, banks.b.cutOver, {
    ...{ now: await timeIn(drill.world, 'b'), seconds },
  });
  await writeAtomic(approvalPath(drill), `${JSON.stringify(approval, null, 1)}\n`);
  return approval;
}

/** From here on the clock of RTO runs. An approval that does not count is asked for again, once. */
async function fence(drill: Drill): Promise<object> {
  const a = await drill.database('a');
  const refused = (await a.isStandby()) ? null : await whyRefused(drill);
  if (refused !== null) await agreeAgain(drill, refused);
  await stopProgram(drill.world, drill.world.host('a', 'batch'));
  await a.fence();
  return { position: String(await a.position()) };
}

/** @param refused why the one before does not count; the journal keeps it. */
async function agreeAgain(drill: Drill, refused: string): Promise<void> {
  const approval = await agree(drill);
  const again = await whyRefused(drill);
  if (again !== null) throw new Error(`the approval of the cut-over does not count: ${again}`);
  await drill.journal.add('move.approve', 'done', { ...approval, refusedBefore: refused });
}

async function whyRefused(drill: Drill): Promise<string | null> {
  const approval = ApprovalSchema.parse(JSON.parse(await readFile(approvalPath(drill), 'utf8')));
  const { banks } = await drill.secrets();
  return whyNotApproved(approval, drill.world.id, banks.b.operatorCa, await timeIn(drill.world, 'b'));
}

async function unfence(drill: Drill): Promise<void> {
  // Whoever has taken writes last keeps them until the other has them all: see `handBack`, which goes before this.
  await handWrites(drill, 'b', 'a');
  await startBatch(drill.world, 'a', await drill.database('a'));
}

async function catchUp(drill: Drill): Promise<object> {
  const { method } = drill.scenario.workload.database;
  const database = await { streaming: lastBytes, dump: lastRows }[method](drill);
  await copyFiles(drill);
  const files = await Promise.all([
    hashShare(shareOf(drill.world, 'a')),
    hashShare(shareOf(drill.world, 'b')),
  ]);
  const [own, copy] = files.map(hashOf);
  if (own !== copy) throw new Error('the files of the banks differ');
  return { ...database, files: own };
}

async function lastBytes(drill: Drill): Promise<object> {
  const [a, b] = [await drill.database('a'), await drill.database('b')];
  const target = await a.position();
  const seconds = drill.scenario.limits.cutOverSeconds;
  const wait = { seconds, what: 'bank B has not all writes of bank A', signal: drill.signal };
  await waitFor(async () => ((await b.position()) >= target ? true : null), wait);
  const [before, after] = [await ledgerState(a), await ledgerState(b)];
  if (JSON.stringify(before) !== JSON.stringify(after)) throw new Error('the ledgers of the banks differ');
  return { position: String(target), ledger: before };
}

/** Restored beside what bank B has: its service finds it when it is promoted. */
async function lastRows(drill: Drill): Promise<object> {
  const [a, b] = [await drill.database('a'), await drill.database('b')];
  const seconds = drill.scenario.limits.cutOverSeconds;
  const wait = { seconds, what: 'bank B has not all rows of bank A', signal: drill.signal };
  const carried = await waitFor(() => carryDump(a, b, seconds), wait);
  const ledger = await isWhole(a, b);
  if (ledger === null) throw new Error('the ledgers of the banks differ');
  return { ...carried, ledger };
}

async function promote(drill: Drill): Promise<object> {
  await handWrites(drill, 'a', 'b');
  return { position: String(await (await drill.database('b')).position()) };
}

async function handBack(drill: Drill): Promise<void> {
  await handWrites(drill, 'b', 'a');
}

async function redirect(drill: Drill): Promise<object> {
  const { world } = drill;
  await startBatch(world, 'b', await drill.database('b'));
  await pointTo(world, 'b');
  const { address } = world.host('b', 'database');
  const log = customersLog(world);
  const wait = { seconds: FIRST_SECONDS, what: 'no customer has paid in bank B', signal: drill.signal };
  const first = await waitFor(
    async () =>
      (await readCustomers(log)).filter(isAcknowledged).find(({ server }) => server === address) ?? null,
    wait,
  );
  return { firstAcknowledged: first.acknowledged };
}

async function sendBack(drill: Drill): Promise<void> {
  const { world } = drill;
  await stopProgram(world, world.host('b', 'batch'));
  await copyShare(drill, 'b', 'a', []);
  await pointTo(world, 'a');
}
