import { readFile } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { hashPassword, isHash, isPassword, newPassword } from './password.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const isUserName = (text: string) => NAME.test(text);

/** Expiry of a user that has none. */
const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * Who may log in: users that Secrets declare, a line `name:hash` each, and users that somebody made on the box. A name
 * that is declared is not looked for on the box.
 */
export class Users {
  readonly #declared: readonly string[];
  readonly #database: DatabaseSync;

  /** @param declared paths of Secrets' files, which need not be there. */
  constructor(declared: readonly string[], database: DatabaseSync) {
    this.#declared = declared;
    this.#database = database;
  }

  async has(name: string): Promise<boolean> {
    return (await this.#hashOf(name)) !== null;
  }

  async isPassword(name: string, password: string): Promise<boolean> {
    return await isPassword(password, await this.#hashOf(name));
  }

  /**
   * Makes a user on the box, or gives one another password.
   * @param seconds after which the user is gone; null: never.
   * @returns the password, which is kept nowhere.
   */
  async add(name: string, seconds: number | null): Promise<string> {
    if (!isUserName(name)) throw new Error(`not a name of a user: ${name}`);
    if ((await this.#readDeclared()).has(name)) throw new Error(`${name} is declared in Git`);
    const password = newPassword();
    this.#database
      .prepare('INSERT OR REPLACE INTO users (name, hash, expires) VALUES (?, ?, ?)')
      .run(name, await hashPassword(password), seconds === null ? NEVER : Date.now() + seconds * 1000);
    return password;
  }

  /** @returns whether there was one. */
  remove(name: string): boolean {
    return this.#database.prepare('DELETE FROM users WHERE name = ?').run(name).changes > 0;
  }

  async #hashOf(name: string): Promise<string | null> {
    const declared = (await this.#readDeclared()).get(name);
    if (declared !== undefined) return declared;
    const row = this.#database
      .prepare('SELECT hash FROM users WHERE name = ? AND expires > ?')
      .get(name, Date.now());
    return row === undefined ? null : String(row['hash']);
  }

  /** Read each time: it is small, and the kubelet changes it while this runs. */
  async #readDeclared(): Promise<ReadonlyMap<string, string>> {
    const texts = await Promise.all(this.#declared.map(readIfThere));
    return new Map(texts.join('\n').split('\n').flatMap(parseLine));
  }
}

async function readIfThere(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

/** A line that is no user lets nobody in. */
function parseLine(line: string): [name: string, hash: string][] {
  const [name = '', hash = ''] = line.trim().split(':', 2);
  return isUserName(name) && isHash(hash) ? [[name, hash]] : [];
}
