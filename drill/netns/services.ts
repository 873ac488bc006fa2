import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { BankName, Scenario } from '../../contract/drill/scenario.ts';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import type { Database } from '../database/database.ts';
import { bankNames, otherBank, type PlacedHost, type World } from '../world.ts';
import { Daemon } from './daemon.ts';
import { keepNames } from './disk.ts';
import { giveToNobody, startProgram } from './programs.ts';

const DNSMASQ = '/usr/sbin/dnsmasq';
const RSYNC = '/usr/bin/rsync';
const WEB_PORT = 8080;
const FILES_PORT = 8730;
/** Seconds that an answer may be kept: what a cut-over waits for. */
const TTL = 1;

/** A bank's DNS. @param service bank whose web front customers are sent to. */
export async function startDns(world: World, bank: BankName, service: BankName): Promise<void> {
  const host = world.host(bank, 'dns');
  const directory = await ensureDirectory(world.directory(host));
  await chmod(directory, 0o755);
  await writeNames(world, host, service);
  const { banks } = world.scenario;
  const other = otherBank(bank);
  const config = [
    ...['no-resolv', 'no-hosts', 'no-daemon', 'log-facility=-', 'bind-interfaces', 'user=nobody'],
    ...[`listen-address=${host.address}`, `addn-hosts=${join(directory, 'names')}`, `local-ttl=${TTL}`],
    `local=/${banks[bank].domain}/`,
    `server=/${banks[other].domain}/${world.host(other, 'dns').address}`,
  ];
  const path = join(directory, 'dnsmasq.conf');
  await writeAtomic(path, `${config.join('\n')}\n`);
  await new Daemon(world, host).start([DNSMASQ, `--conf-file=${path}`]);
}

/** Sends whoever looks the service up from now on to this bank. */
export async function pointTo(world: World, service: BankName): Promise<void> {
  const host = world.host('a', 'dns');
  await writeNames(world, host, service);
  await new Daemon(world, host).reload(DNSMASQ);
}

async function writeNames(world: World, host: PlacedHost, service: BankName): Promise<void> {
  const { domain } = world.scenario.banks[host.bank];
  const own = world.hosts(host.bank).map(({ name, address }) => `${address} ${name}.${domain}`);
  const pay = host.bank === 'a' ? [`${world.host(service, 'web').address} ${world.serviceName}`] : [];
  await writeAtomic(join(world.directory(host), 'names'), `${[...own, ...pay].join('\n')}\n`);
}

/** A bank's share: files that any host of both banks may read and write, by rsync's own protocol. */
export async function startFiles(world: World, bank: BankName): Promise<void> {
  await giveToNobody(await ensureDirectory(shareOf(world, bank)));
  await keepNames(world, bank, shareOf(world, bank));
  await serveFiles(world, bank);
}

async function serveFiles(world: World, bank: BankName): Promise<void> {
  const host = world.host(bank, 'files');
  const networks = bankNames.map((name) => world.scenario.banks[name].network).join(' ');
  const config = [
    ...[`address = ${host.address}`, `port = ${FILES_PORT}`, 'use chroot = no', 'log file = /dev/stdout'],
    ...['[share]', `path = ${shareOf(world, bank)}`, 'read only = no', `hosts allow = ${networks}`],
  ];
  const path = join(world.directory(host), 'rsyncd.conf');
  await writeAtomic(path, `${config.join('\n')}\n`);
  await new Daemon(world, host).start([RSYNC, '--daemon', '--no-detach', `--config=${path}`], {
    user: 'nobody',
  });
}

export async function restartFiles(world: World, bank: BankName): Promise<void> {
  await new Daemon(world, world.host(bank, 'files')).stop(RSYNC);
  await serveFiles(world, bank);
}

/** Where the files of a bank's share lie. */
export const shareOf = (world: World, bank: BankName): string =>
  join(world.directory(world.host(bank, 'files')), 'share');

/** What rsync calls it. */
export const shareAddress = (world: World, bank: BankName): string =>
  `rsync://${world.host(bank, 'files').address}:${FILES_PORT}/share/`;

/** The payments service's front in a bank, on that bank's database. */
export async function startWeb(world: World, bank: BankName, database: Database): Promise<void> {
  const host = world.host(bank, 'web');
  await startProgram(world, host, { address: host.address, port: WEB_PORT, database: database.environment });
}

export async function startBatch(world: World, bank: BankName, database: Database): Promise<void> {
  const host = world.host(bank, 'batch');
  const directory = world.directory(host);
  await startProgram(world, host, {
    ...{ database: database.environment, share: shareAddress(world, bank), directory, everyMs: 1000 },
    log: statementsLog(world, bank),
  });
}

export async function startCustomers(world: World, { workload }: Scenario): Promise<void> {
  await startProgram(world, world.host('a', 'customers'), {
    url: `http://${world.serviceName}:${WEB_PORT}/payments`,
    ...{ perSecond: workload.load.perSecond, accounts: workload.database.accounts },
    log: customersLog(world),
  });
}

export const customersLog = (world: World): string => join(world.told, 'payments.jsonl');
export const statementsLog = (world: World, bank: BankName): string =>
  join(world.told, `statements-${bank}.jsonl`);
