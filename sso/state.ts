import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { z } from 'zod';

/** What the login keeps: its keys, who is logged in, and users that were made on the box. */
export function openState(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5000 });
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS keys (id INTEGER PRIMARY KEY CHECK (id = 1), value TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS users (
      name TEXT PRIMARY KEY, hash TEXT NOT NULL, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS entries (
      model TEXT NOT NULL, id TEXT NOT NULL, uid TEXT, grant_id TEXT, account TEXT,
      payload TEXT NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (model, id)) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS entries_uid ON entries (uid) WHERE uid IS NOT NULL;
    CREATE INDEX IF NOT EXISTS entries_grant ON entries (grant_id) WHERE grant_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS entries_expires ON entries (expires);
    CREATE INDEX IF NOT EXISTS entries_anonymous ON entries (expires) WHERE account IS NULL;
  `);
  return database;
}

const KeysSchema = z.strictObject({
  /** Signs identity tokens. */
  signing: z.record(z.string(), z.unknown()).transform((key) => key as JWK),
  /** Signs cookies of the login. */
  cookies: z.string(),
  /** What the forward authentication shows the provider. */
  clientSecret: z.string(),
});
export type Keys = z.infer<typeof KeysSchema>;

/** The keys, made at the first start. */
export async function keysOf(database: DatabaseSync): Promise<Keys> {
  const read = () => database.prepare('SELECT value FROM keys').get()?.['value'];
  if (read() === undefined) await makeKeys(database);
  return KeysSchema.parse(JSON.parse(String(read())));
}

async function makeKeys(database: DatabaseSync): Promise<void> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const signing = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' };
  const secret = () => randomBytes(32).toString('base64url');
  const keys: Keys = { signing, cookies: secret(), clientSecret: secret() };
  database.prepare('INSERT OR IGNORE INTO keys (id, value) VALUES (1, ?)').run(JSON.stringify(keys));
}
