import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { type DrillReport, DrillReportSchema } from '../../contract/drill/report.ts';
import type { Fault } from '../../contract/drill/scenario.ts';
import { ProcessError, run } from '../../host/process.ts';
import { removeTree } from './remove-tree.ts';

const repository = join(import.meta.dirname, '..', '..');

/** The scenario of this repository with faults and a smaller ledger, and the real command line on it. */
export class TestDrill {
  readonly directory: string;
  readonly out: string;
  readonly #scenario: string;
  /** Times that the drill's process was killed. */
  killed = 0;

  private constructor(directory: string) {
    this.directory = directory;
    this.out = join(directory, 'out');
    this.#scenario = join(directory, 'scenario.yaml');
  }

  /** @param limits over those of the scenario. @param name of the scenario. Its banks are gone with the test. */
  static async make(faults: Fault[], limits: object = {}, name = 'bank-a-to-bank-b'): Promise<TestDrill> {
    const drill = new TestDrill(await mkdtemp(join(tmpdir(), 'cpiab-drill-')));
    onTestFinished(async () => {
      await drill.cpiab('abort', drill.out).catch(() => {});
      await removeTree(drill.directory);
    });
    const scenario = parse(await readFile(join(repository, 'drills', `${name}.yaml`), 'utf8'));
    const { database, files } = scenario.workload;
    const workload = {
      database: { ...database, accounts: 20, history: 200 },
      files: { ...files, number: files.folders === undefined ? 3 : 30, kilobytes: 8 },
    };
    const changed = { ...scenario, faults, limits: { ...scenario.limits, ...limits } };
    changed.workload = { ...workload, load: { perSecond: 4 } };
    await writeFile(drill.#scenario, stringify(changed));
    return drill;
  }

  /** Runs it, again for as often as a fault kills its process. @returns exit status and what it said. */
  async run(...options: string[]): Promise<{ status: number; stderr: string }> {
    for (;;) {
      try {
        const { stderr } = await this.cpiab('run', this.#scenario, '--out', this.out, ...options);
        return { status: 0, stderr };
      } catch (error) {
        if (!(error instanceof ProcessError)) throw error;
        if (error.failure !== 'signal') return { status: error.status ?? -1, stderr: error.stderr };
        this.killed += 1;
      }
    }
  }

  /** Runs it as a process that a test may end. */
  start(): ChildProcessByStdio<null, null, Readable> {
    const [program = '', ...args] = this.#command('run', this.#scenario, '--out', this.out);
    const env = { ...process.env, ...this.#env };
    return spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  async cpiab(...args: string[]) {
    return await run(this.#command(...args), { env: this.#env });
  }

  #command(...args: string[]): string[] {
    return [process.execPath, join(repository, 'cli', 'main.ts'), 'drill', ...args];
  }

  get #env() {
    return { XDG_CONFIG_HOME: join(this.directory, 'config') };
  }

  get publicKey(): string {
    return join(this.directory, 'config', 'cpiab', 'keys', 'lab', 'minisign.pub');
  }

  evidence(name: string): string {
    return join(this.out, 'evidence', name);
  }

  async report(): Promise<DrillReport> {
    return DrillReportSchema.parse(JSON.parse(await readFile(this.evidence('report.json'), 'utf8')));
  }
}
