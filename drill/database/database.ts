import { chmod, chown, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { asUser, inside } from '../netns/command.ts';
import { waitFor } from '../wait.ts';
import type { PlacedHost, World } from '../world.ts';
import { postgresPrograms } from './places.ts';
import { accessRules, REPLICA, roleSql, SERVICE, SERVICE_USER, serverSettings } from './settings.ts';

/** The user that Debian's packages make. */
const USER = 'postgres';
/** After a power cut it goes through its log first. */
const START_SECONDS = 120;

export interface Passwords {
  /** Of the service's own user. */
  app: string;
  replica: string;
}

/** The PostgreSQL server of one bank: started, asked and stopped as its own user. */
export class Database {
  readonly host: PlacedHost;
  readonly #world: World;
  readonly #passwords: Passwords;

  constructor(world: World, host: PlacedHost, passwords: Passwords) {
    this.#world = world;
    this.host = host;
    this.#passwords = passwords;
  }

  /** The disk that its data is on. */
  get disk(): string {
    return join(this.#world.directory(this.host), 'disk');
  }

  get #data(): string {
    return join(this.disk, 'data');
  }

  get #run(): string {
    return join(this.#world.directory(this.host), 'run');
  }

  /** Makes an empty cluster, once. */
  async create(): Promise<void> {
    await this.#prepare();
    if (await this.exists()) return;
    const fresh = `${this.#data}.new`;
    await rm(fresh, { recursive: true, force: true });
    await this.#program(
      'initdb',
      '--pgdata',
      fresh,
      '--data-checksums',
      '--no-locale',
      '--encoding=UTF8',
      '--auth=trust',
    );
    await this.#configure(fresh, '');
    await rename(fresh, this.#data);
  }

  /** Copies a running server and follows it from then on. What an earlier try has left is taken away. */
  async copyFrom(primary: PlacedHost): Promise<void> {
    await this.#prepare();
    if (await this.exists()) return;
    const fresh = `${this.#data}.new`;
    await rm(fresh, { recursive: true, force: true });
    const from = this.#reach(primary);
    await this.#program(
      'pg_basebackup',
      '--pgdata',
      fresh,
      '--dbname',
      from,
      '--wal-method=stream',
      '--checkpoint=fast',
    );
    await this.#configure(fresh, from);
    await writeFile(join(fresh, 'standby.signal'), '');
    await rename(fresh, this.#data);
  }

  /** Whether it was made. */
  async exists(): Promise<boolean> {
    return (await stat(this.#data).catch(() => null)) !== null;
  }

  async start(): Promise<void> {
    if (!(await this.#running()))
      await this.#control(
        'start',
        '--wait',
        `--timeout=${START_SECONDS}`,
        '--log',
        join(this.disk, 'log'),
        '--silent',
      );
    // Who began to start it may have been killed.
    const what = `the database of bank ${this.host.bank} does not answer`;
    await waitFor(() => this.sql('SELECT 1', 'postgres'), {
      ...{ seconds: START_SECONDS, what, signal: AbortSignal.any([]) },
    });
  }

  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (await this.#running())
      await this.#control('stop', '--wait', '--timeout=60', `--mode=${mode}`, '--silent');
  }

  /** Runs SQL over the server's own socket. @param database `payments` unless told. @returns columns with |, a row a line. */
  async sql(text: string, database: string = SERVICE): Promise<string> {
    const argv = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1'];
    const target = [...this.socket, '--dbname', database];
    const { stdout } = await run([...asUser(USER), 'psql', ...argv, ...target, '--file=-'], {
      input: text,
      timeoutMs: 120_000,
    });
    return stdout.trim();
  }

  /** Whether it takes no writes because it follows, or is to follow, another server. */
  async isStandby(): Promise<boolean> {
    return (await this.sql('SELECT pg_is_in_recovery()', 'postgres')) === 't';
  }

  /**
   * Makes it a server that takes no writes, whoever asks, and that stays so when it is killed and started again: the
   * file that says so is on the disk before the server ends.
   */
  async fence(): Promise<void> {
    await this.start();
    if (await this.isStandby()) return;
    await writeAtomic(join(this.#data, 'standby.signal'), '', { mode: 0o600 });
    await this.#own(join(this.#data, 'standby.signal'));
    await this.#configure(this.#data, '');
    await this.stop();
    await this.start();
  }

  /** Lets it take writes. */
  async promote(): Promise<void> {
    await this.start();
    if (await this.isStandby()) await this.#control('promote', '--wait', '--timeout=60', '--silent');
  }

  /** From now on it streams from another server; it must not take writes. */
  async follow(primary: PlacedHost): Promise<void> {
    await this.#configure(this.#data, this.#reach(primary));
    await this.#control('reload', '--silent');
  }

  /** How far its log goes that it has applied, in bytes. */
  async position(): Promise<bigint> {
    const newest =
      'CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END';
    const position = await this.sql(`SELECT ${newest} - '0/0'::pg_lsn`, 'postgres');
    if (position === '')
      throw new Error(`${this.host.name} of bank ${this.host.bank} does not tell how far its log goes`);
    return BigInt(position);
  }

  async version(): Promise<string> {
    return await this.sql('SHOW server_version', 'postgres');
  }

  /** Takes away all that it had. It must not run. */
  async drop(): Promise<void> {
    await rm(this.#data, { recursive: true, force: true });
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    await this.stop('immediate');
  }

  /** What a client of its network connects with. */
  get environment(): Record<string, string> {
    const { address } = this.host;
    return {
      PGHOST: address,
      PGUSER: SERVICE_USER,
      PGDATABASE: SERVICE,
      PGPASSWORD: this.#passwords.app,
      PGCONNECT_TIMEOUT: '3',
    };
  }

  /** Makes the service's database and users. */
  async furnish(ledger: string): Promise<void> {
    if (await this.has(SERVICE)) return;
    await this.makeUsers();
    await this.sql('DROP DATABASE IF EXISTS furnishing; CREATE DATABASE furnishing;', 'postgres');
    await this.sql(`BEGIN;\n${ledger}\nCOMMIT;`, 'furnishing');
    await this.sql(`ALTER DATABASE furnishing RENAME TO ${SERVICE}`, 'postgres');
  }

  async makeUsers(): Promise<void> {
    const { app, replica } = this.#passwords;
    await this.sql(
      roleSql(SERVICE_USER, 'LOGIN', app) + roleSql(REPLICA, 'LOGIN REPLICATION', replica),
      'postgres',
    );
  }

  async has(name: string): Promise<boolean> {
    return (await this.sql(`SELECT count(*) FROM pg_database WHERE datname = '${name}'`, 'postgres')) === '1';
  }

  /** Lets the service in no more, also after a restart; who is connected is put out. */
  async close(): Promise<void> {
    await this.#admit(this.#data, false);
    await this.stop();
    await this.start();
  }

  /** Lets the service in. */
  async open(): Promise<void> {
    await this.#admit(this.#data, true);
    await this.#control('reload', '--silent');
  }

  /** Whether the service may write here. */
  async takesWrites(): Promise<boolean> {
    const closed = !(await readFile(join(this.#data, 'pg_hba.conf'), 'utf8')).includes(` ${SERVICE_USER} `);
    return !closed && !(await this.isStandby()) && (await this.has(SERVICE));
  }

  async #prepare(): Promise<void> {
    await chmod(await ensureDirectory(this.#world.directory(this.host)), 0o755);
    for (const directory of [this.disk, this.#run]) await this.#own(await ensureDirectory(directory));
  }

  async #own(path: string): Promise<void> {
    const { uid, gid } = await userIds(USER);
    await chown(path, uid, gid);
  }

  #reach({ address }: PlacedHost): string {
    return `host=${address} port=5432 user=${REPLICA} password=${this.#passwords.replica} connect_timeout=3`;
  }

  async #configure(data: string, primary: string): Promise<void> {
    await this.#write(join(data, 'postgresql.conf'), serverSettings(this.host, this.#run, primary));
    await this.#admit(data, true);
  }

  /** Who may connect. @param service whether the service's own user is one of them. */
  async #admit(data: string, service: boolean): Promise<void> {
    await this.#write(join(data, 'pg_hba.conf'), accessRules(this.#world, service));
  }

  async #write(path: string, lines: readonly string[]): Promise<void> {
    await writeAtomic(path, `${lines.join('\n')}\n`, { mode: 0o600 });
    await this.#own(path);
  }

  async #running(): Promise<boolean> {
    const pid = Number(
      (await readFile(join(this.#data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0],
    );
    const command = pid > 0 ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : '';
    return command.includes(this.#data);
  }

  async #control(what: string, ...options: string[]): Promise<void> {
    await this.#program('pg_ctl', what, '--pgdata', this.#data, ...options);
  }

  async #program(name: string, ...args: string[]): Promise<void> {
    await this.client(name, args, {});
  }

  /** Runs one of PostgreSQL's programs on this host, as the server's user. */
  async client(
    name: string,
    args: readonly string[],
    { env = {}, timeoutMs = 120_000 }: { env?: Record<string, string>; timeoutMs?: number },
  ): Promise<void> {
    const path = join(await postgresPrograms(), name);
    await inside(this.#world.namespace(this.host), [path, ...args], {
      ...{ user: USER, cwd: '/', timeoutMs },
      env: { LC_ALL: 'C', ...env },
    });
  }

  /** Of the server's socket, for programs of this host. */
  get socket(): readonly string[] {
    return ['--host', this.#run, '--username', USER];
  }
}

/** Numbers of a user and its group of the same name. */
export async function userIds(name: string): Promise<{ uid: number; gid: number }> {
  const { stdout } = await run(['getent', 'passwd', name]);
  const [, , uid = '', gid = ''] = stdout.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
