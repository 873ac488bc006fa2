import type { DatabaseSync } from 'node:sqlite';
import type { Adapter, AdapterPayload } from 'oidc-provider';

/** Entries of people who are not logged in: anybody can make more, and the oldest go first. */
const ANONYMOUS = 2000;

const now = () => Math.floor(Date.now() / 1000);

/** Where the provider keeps sessions, grants and tokens of one model. Source: oidc-provider, `example/my_adapter.js`. */
export class SqliteAdapter implements Adapter {
  readonly #model: string;
  readonly #database: DatabaseSync;

  constructor(model: string, database: DatabaseSync) {
    this.#model = model;
    this.#database = database;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const { uid = null, grantId = null, accountId = null } = payload;
    this.#database
      .prepare(
        `INSERT OR REPLACE INTO entries (model, id, uid, grant_id, account, payload, expires)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(this.#model, id, uid, grantId, accountId, JSON.stringify(payload), now() + expiresIn);
    this.#database.prepare('DELETE FROM entries WHERE expires < ?').run(now());
    if (accountId === null) this.#limitAnonymous();
  }

  #limitAnonymous(): void {
    this.#database
      .prepare(
        `DELETE FROM entries WHERE (model, id) IN (
           SELECT model, id FROM entries WHERE account IS NULL ORDER BY expires DESC LIMIT -1 OFFSET ?)`,
      )
      .run(ANONYMOUS);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#one('id', id);
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#one('uid', uid);
  }

  /** Of devices without a browser, whose flow is off. */
  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  async consume(id: string): Promise<void> {
    this.#database
      .prepare("UPDATE entries SET payload = json_set(payload, '$.consumed', ?) WHERE model = ? AND id = ?")
      .run(now(), this.#model, id);
  }

  async destroy(id: string): Promise<void> {
    this.#database.prepare('DELETE FROM entries WHERE model = ? AND id = ?').run(this.#model, id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    this.#database.prepare('DELETE FROM entries WHERE model = ? AND grant_id = ?').run(this.#model, grantId);
  }

  #one(column: 'id' | 'uid', value: string): AdapterPayload | undefined {
    const row = this.#database
      .prepare(`SELECT payload FROM entries WHERE model = ? AND ${column} = ? AND expires >= ?`)
      .get(this.#model, value, now());
    return row === undefined ? undefined : JSON.parse(String(row['payload']));
  }
}
