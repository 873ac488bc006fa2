import type { Database } from './database.ts';

/** What a ledger is at one moment. */
export interface LedgerState {
  /** SHA-256 of every row of each table, in the order of its key. */
  accounts: string;
  payments: string;
  statements: string;
  count: number;
  balanced: boolean;
}

const rows = (table: string) =>
  `encode(sha256(convert_to(coalesce((SELECT string_agg(t::text, E'\\n' ORDER BY id) FROM ${table} t), ''), 'UTF8')), 'hex')`;

/** @param name of the database; the service's own unless told. */
export async function ledgerState(database: Database, name?: string): Promise<LedgerState> {
  const columns = ['account', 'payment', 'statement'].map(rows);
  const line = await database.sql(
    `SELECT ${columns.join(', ')}, (SELECT count(*) FROM payment), (SELECT balanced FROM balanced)`,
    name,
  );
  const [accounts = '', payments = '', statements = '', count = '', balanced] = line.split('|');
  return { accounts, payments, statements, count: Number(count), balanced: balanced === 't' };
}

/** Those of the identifiers that a table does not have. */
export async function missingFrom(
  database: Database,
  table: 'payment' | 'statement',
  ids: readonly string[],
): Promise<string[]> {
  const told = ids.map((id) => `('${id}'::uuid)`).join(', ');
  if (ids.length === 0) return [];
  const found = await database.sql(
    `SELECT id FROM (VALUES ${told}) AS told (id) WHERE NOT EXISTS (SELECT FROM ${table} WHERE ${table}.id = told.id)`,
  );
  return found === '' ? [] : found.split('\n');
}
