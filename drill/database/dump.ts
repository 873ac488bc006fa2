import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../../host/files.ts';
import type { Database } from './database.ts';
import { type LedgerState, ledgerState } from './ledger.ts';
import { SERVICE } from './settings.ts';

/** What is restored has this name until it is known to be whole. */
const INCOMING = 'incoming';
/** What was there before, until the new one is in its place. */
const BEFORE = 'before';

/** A cable that is pulled is noticed. Source: PostgreSQL, libpq, "Parameter Key Words". */
const PATIENCE = 'tcp_user_timeout=10000 keepalives_idle=5 keepalives_interval=2 keepalives_count=3';

/** What was carried over. */
export interface Dumped {
  /** Of the dump. */
  bytes: number;
  sha256: string;
  dumpMs: number;
  restoreMs: number;
}

/**
 * Dumps the service's database of one server and restores it on another, beside what that has. Who writes meanwhile is
 * not in it. An earlier try is taken away.
 * @param seconds that either may take.
 */
export async function carryDump(source: Database, target: Database, seconds: number): Promise<Dumped> {
  const file = join(target.disk, 'incoming.dump');
  const timeoutMs = seconds * 1000;
  await rm(file, { force: true });
  await target.sql(
    `DROP DATABASE IF EXISTS ${INCOMING} WITH (FORCE); CREATE DATABASE ${INCOMING};`,
    'postgres',
  );
  const begun = performance.now();
  const dump = ['--format=custom', '--file', file, '--dbname', PATIENCE];
  await target.client('pg_dump', dump, { env: source.environment, timeoutMs });
  const dumped = performance.now();
  const restore = ['--exit-on-error', '--single-transaction', ...target.socket, '--dbname', INCOMING, file];
  await target.client('pg_restore', restore, { timeoutMs });
  const { sha256 } = await sha256File(file);
  const { size: bytes } = await stat(file);
  await rm(file);
  const [dumpMs, restoreMs] = [dumped - begun, performance.now() - dumped].map(Math.round);
  return { bytes, sha256, dumpMs: dumpMs ?? 0, restoreMs: restoreMs ?? 0 };
}

/** Takes away what was restored and not taken into use. */
export async function dropIncoming(target: Database): Promise<void> {
  await target.sql(`DROP DATABASE IF EXISTS ${INCOMING} WITH (FORCE)`, 'postgres');
}

/** Whether what was restored has every row of the service's database of a server that takes no writes. */
export async function isWhole(source: Database, target: Database): Promise<LedgerState | null> {
  if (!(await target.has(INCOMING))) return null;
  // It is restored in one transaction: of one that was cut off there is nothing.
  if ((await target.sql("SELECT to_regclass('account') IS NULL", INCOMING)) === 't') return null;
  const [own, copy] = [await ledgerState(source), await ledgerState(target, INCOMING)];
  return JSON.stringify(own) === JSON.stringify(copy) ? own : null;
}

/** Puts what was restored in the service's place: it has the one or the other, whenever this ends. */
export async function takeIncoming(target: Database): Promise<void> {
  const aside = (await target.has(SERVICE)) ? `ALTER DATABASE ${SERVICE} RENAME TO ${BEFORE};` : '';
  await target.sql(`DROP DATABASE IF EXISTS ${BEFORE}`, 'postgres');
  await target.sql(`BEGIN; ${aside} ALTER DATABASE ${INCOMING} RENAME TO ${SERVICE}; COMMIT;`, 'postgres');
  await target.sql(`DROP DATABASE IF EXISTS ${BEFORE}`, 'postgres');
}
