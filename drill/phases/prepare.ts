import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSite } from '../../builder/config/read-site.ts';
import { ensureDirectory } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import type { Drill } from '../drill.ts';
import { isAcknowledged, readCustomers } from '../measure/logs.ts';
import { makeDisk, onDisk } from '../netns/disk.ts';
import { openNetwork } from '../netns/network.ts';
import { giveToNobody } from '../netns/programs.ts';
import {
  customersLog,
  shareOf,
  startBatch,
  startCustomers,
  startDns,
  startFiles,
  startWeb,
} from '../netns/services.ts';
import { converged, mark } from '../qemu/cluster.ts';
import { VirtualBox } from '../qemu/virtual-box.ts';
import { makeSecrets } from '../secrets.ts';
import { fillShare } from '../share.ts';
import type { Step } from '../step.ts';
import { waitFor } from '../wait.ts';
import { bankNames } from '../world.ts';
import { memberHosts } from './spread.ts';

const LEDGER = join(import.meta.dirname, '..', 'database', 'ledger.sql');
const FIRST_SECONDS = 300;

/** The rehearsal itself: two banks, and in bank A a service that works. */
export const prepare = {
  banks: { title: 'two banks, each a network of its own', run: makeBanks },
  services: { title: "bank A's service, its customers, and what bank B has", run: startServices },
  members: { title: "bank A's box and its nodes", run: startBoxA },
} satisfies Record<string, Step>;

async function makeBanks({ world, scenario, repository }: Drill): Promise<object> {
  await makeSecrets(world);
  await giveToNobody(await ensureDirectory(world.told));
  for (const fault of scenario.faults) if (fault.fault === 'power-cut') await makeDisk(world, fault.bank);
  const nodeAddress = async () => (await readSite(repository, scenario.site)).network.nodeAddress;
  await openNetwork(world, world.substrate === 'qemu' ? [await nodeAddress()] : []);
  return { namespaces: bankNames.map((bank) => world.hosts(bank).length + 1).reduce((a, b) => a + b) };
}

async function startServices(drill: Drill): Promise<object> {
  const { world, scenario, signal } = drill;
  const database = await drill.database('a');
  await database.create();
  await database.start();
  await database.furnish(`${await readFile(LEDGER, 'utf8')}\n${openingOf(drill)}`);
  for (const bank of bankNames) {
    await startDns(world, bank, 'a');
    await startFiles(world, bank);
  }
  await fillShare(shareOf(world, 'a'), scenario.workload.files);
  await onDisk(shareOf(world, 'a'));
  await startWeb(world, 'a', database);
  await startBatch(world, 'a', database);
  await startCustomers(world, scenario);
  const log = customersLog(world);
  const wait = { seconds: FIRST_SECONDS, what: 'no customer has paid', signal };
  await waitFor(async () => (await readCustomers(log)).find(isAcknowledged) ?? null, wait);
  return { postgresql: await database.version(), accounts: scenario.workload.database.accounts };
}

/** SQL that opens the accounts and books payments that were made before. */
function openingOf({ scenario }: Drill): string {
  const { accounts, history } = scenario.workload.database;
  return `
    INSERT INTO account SELECT id, 100000000, 100000000 FROM generate_series(1, ${accounts}) AS id;
    INSERT INTO payment (id, debit, credit, amount)
    SELECT gen_random_uuid(), 1 + n % ${accounts}, 1 + (n + 1) % ${accounts}, 1 + n % 997 FROM generate_series(1, ${history}) AS n;
    UPDATE account SET balance = opening
      + (SELECT coalesce(sum(amount), 0) FROM payment WHERE credit = account.id)
      - (SELECT coalesce(sum(amount), 0) FROM payment WHERE debit = account.id);
    GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO app;`;
}

async function startBoxA(drill: Drill): Promise<object> {
  const box = await drill.box('a');
  // The box that is to receive is on, with nothing on it, before anybody looks around there.
  const isReal = drill.world.substrate === 'qemu';
  if (isReal) await new VirtualBox(drill, 'b').start();
  await box.start(() => gitBundle(drill));
  const cluster = isReal ? { convergedMs: await converged(drill, 'a'), said: await mark(drill) } : null;
  const nodes = [];
  for (const host of memberHosts(drill.world, 'a')) nodes.push(await box.join(host));
  if (isReal) await (await drill.box('b')).serves();
  return { fingerprint: await box.pin(), nodes, cluster };
}

async function gitBundle({ world, repository }: Drill): Promise<string> {
  const [bare, bundle] = [join(world.work, 'bank-a.git'), join(world.work, 'bank-a.bundle')];
  await run(['git', 'init', '--quiet', '--bare', '--initial-branch=main', bare]);
  // The box's branch is main, whatever is checked out here.
  await run(['git', '-C', repository, 'push', '--quiet', '--force', bare, 'HEAD:refs/heads/main']);
  await run(['git', '--git-dir', bare, 'bundle', 'create', '--quiet', bundle, 'main']);
  return bundle;
}
