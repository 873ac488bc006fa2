import { mkdtemp, readFile, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Fault } from '../../contract/drill/scenario.ts';
import type { Database } from '../../drill/database/database.ts';
import type { Drill } from '../../drill/drill.ts';
import { inside } from '../../drill/netns/command.ts';
import { beginDrill } from '../../drill/open.ts';
import { prepare } from '../../drill/phases/prepare.ts';
import { tearDown } from '../../drill/tear-down.ts';
import { removeTree } from './remove-tree.ts';

const repository = join(import.meta.dirname, '..', '..');
export const PAY = 'SELECT pay(gen_random_uuid(), 1, 2, 5)';

/** Both banks of a scenario with a server each, of which bank A's has a ledger with one payment. */
export class BankDatabases {
  readonly drill: Drill;
  readonly a: Database;
  readonly b: Database;
  readonly #directory: string;

  private constructor(directory: string, drill: Drill, a: Database, b: Database) {
    this.#directory = directory;
    this.drill = drill;
    this.a = a;
    this.b = b;
  }

  /** @param name of a scenario of this repository. @param faults over those that it has. */
  static async make(name: string, faults: Fault[] = []): Promise<BankDatabases> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'cpiab-databases-')));
    process.env['XDG_CONFIG_HOME'] = join(directory, 'config');
    const scenario = join(directory, 'scenario.yaml');
    const text = await readFile(join(repository, 'drills', `${name}.yaml`), 'utf8');
    await writeFile(scenario, stringify({ ...parse(text), faults }));
    const drill = await beginDrill(
      repository,
      { scenario, substrate: 'netns', out: join(directory, 'out') },
      new AbortController().signal,
    );
    await prepare.banks.run(drill);
    const banks = new BankDatabases(directory, drill, await drill.database('a'), await drill.database('b'));
    await banks.a.create();
    await banks.a.start();
    const ledger = await readFile(join(repository, 'drill', 'database', 'ledger.sql'), 'utf8');
    const grants = 'GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO app;';
    const accounts = 'INSERT INTO account SELECT id, 1000, 1000 FROM generate_series(1, 4) AS id;';
    await banks.a.furnish([ledger, accounts, grants].join('\n'));
    await banks.a.sql(PAY);
    return banks;
  }

  /** Whether the service may write in bank A, and in bank B. */
  async writers(): Promise<[boolean, boolean]> {
    return [await this.a.takesWrites(), await this.b.takesWrites()];
  }

  /** SQL by the service's own user from its own host; null where it was taken, else what the server said. */
  async payIn(server: Database, sql = PAY): Promise<string | null> {
    const { world } = this.drill;
    const namespace = world.namespace(world.host(server.host.bank, 'web'));
    const argv = ['psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--command', sql];
    return await inside(namespace, argv, { env: server.environment, user: 'nobody', cwd: '/' }).then(
      () => null,
      (error: { stderr: string }) => error.stderr,
    );
  }

  async remove(): Promise<void> {
    await tearDown(this.drill.world);
    await removeTree(this.#directory);
  }
}
