import { chmod, chown, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { asUser, inside } from '../netns/command.ts';
import { bankNames, type PlacedHost, type World } from '../world.ts';
import { postgresPrograms } from './places.ts';

/** The user that Debian's packages make. */
const USER = 'postgres';
const NAME = 'payments';
/** Of the standby, from which it streams. */
const REPLICA = 'replica';

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
    if (await stat(this.#data).catch(() => null)) return;
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
    if (await stat(this.#data).catch(() => null)) return;
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

  async start(): Promise<void> {
    const status = await this.#running();
    if (!status)
      await this.#control('start', '--wait', '--timeout=60', '--log', join(this.disk, 'log'), '--silent');
  }

  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (await this.#running())
      await this.#control('stop', '--wait', '--timeout=60', `--mode=${mode}`, '--silent');
  }

  /** Runs SQL over the server's own socket. @param database `payments` unless told. @returns columns with |, a row a line. */
  async sql(text: string, database: string = NAME): Promise<string> {
    const argv = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1'];
    const target = ['--host', this.#run, '--username', USER, '--dbname', database];
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
      PGUSER: 'app',
      PGDATABASE: NAME,
      PGPASSWORD: this.#passwords.app,
      PGCONNECT_TIMEOUT: '3',
    };
  }

  /** Makes the service's database and users. */
  async furnish(ledger: string): Promise<void> {
    const { app, replica } = this.#passwords;
    if ((await this.sql(`SELECT count(*) FROM pg_database WHERE datname = '${NAME}'`, 'postgres')) === '1')
      return;
    await this.sql(role('app', 'LOGIN', app) + role(REPLICA, 'LOGIN REPLICATION', replica), 'postgres');
    await this.sql('DROP DATABASE IF EXISTS furnishing; CREATE DATABASE furnishing;', 'postgres');
    await this.sql(`BEGIN;\n${ledger}\nCOMMIT;`, 'furnishing');
    await this.sql(`ALTER DATABASE furnishing RENAME TO ${NAME}`, 'postgres');
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
    const { banks } = this.#world.scenario;
    const settings = {
      listen_addresses: this.host.address,
      unix_socket_directories: this.#run,
      ...{ shared_buffers: '16MB', max_connections: '30', wal_keep_size: '256MB', max_wal_senders: '5' },
      // A cable that is pulled is noticed after so long, and the way back is tried so often.
      ...{ wal_sender_timeout: '10s', wal_receiver_timeout: '10s', wal_retrieve_retry_interval: '500ms' },
      primary_conninfo: primary,
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key} = '${value}'`);
    const access = bankNames.flatMap((bank) => [
      `host ${NAME} app ${banks[bank].network} scram-sha-256`,
      `host replication ${REPLICA} ${banks[bank].network} scram-sha-256`,
    ]);
    await this.#write(join(data, 'postgresql.conf'), lines);
    await this.#write(join(data, 'pg_hba.conf'), ['local all postgres trust', ...access]);
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
    const path = join(await postgresPrograms(), name);
    await inside(this.#world.namespace(this.host), [path, ...args], {
      user: USER,
      cwd: '/',
      env: { LC_ALL: 'C' },
    });
  }
}

/** SQL that makes a role where there is none. */
const role = (name: string, rights: string, password: string) => `
  DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') THEN
      CREATE ROLE ${name} ${rights} PASSWORD '${password}';
    END IF;
  END $$;`;

/** Numbers of a user and its group of the same name. */
export async function userIds(name: string): Promise<{ uid: number; gid: number }> {
  const { stdout } = await run(['getent', 'passwd', name]);
  const [, , uid = '', gid = ''] = stdout.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
