import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Engine } from '../../../agent/engine/engine.ts';
import { openRepository } from '../../../agent/serve/git/repository.ts';
import { persisted } from '../../../contract/layout.ts';
import type { Manifest } from '../../../contract/manifest.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { sourceRepository, startTestApi, type TestApi } from '../api.ts';
import { fillState } from './trees.ts';

const main = join(import.meta.dirname, '../../../cli/main.ts');
const { signal } = new AbortController();

export const stateOf = (api: TestApi) => join(api.directory, 'state');

/** A box that serves its API, with a state tree and a store that is one file. */
export async function startBox(word: string): Promise<TestApi> {
  const api = await startTestApi(() => undefined);
  const state = stateOf(api);
  await fillState(state, word);
  const app = 'cluster/kubernetes/apps';
  const files = { 'README.md': 'hello\n', [`${app}/cache/app.yaml`]: 'backup: none\n' };
  const source = await sourceRepository(api.directory, files);
  const git = await openRepository(join(state, 'git', 'lab.git'), source.bundle, signal);
  const engine: Pick<Engine, 'keys' | 'snapshot' | 'checkSnapshot'> = {
    keys: [persisted.kubernetes, join(persisted.kubelet, 'pki'), join(persisted.kubelet, 'config.yaml')],
    snapshot: async (file) => {
      await writeFile(file, `store of ${word}`);
      return { revision: 1, keys: 1, bytes: 1 };
    },
    checkSnapshot: async (file) => expect(await readFile(file, 'utf8')).toMatch(/^store of /),
  };
  const { id } = await git.head();
  api.report.set({ id: word, state: 'disk', site: 'lab' });
  api.board.put('engine', engine as Engine);
  api.board.put('git', git);
  api.board.put('manifest', { sequence: 7, revision: id } as Manifest);
  const keys = join(api.directory, '.config', 'cpiab', 'keys', 'lab');
  await mkdir(keys, { recursive: true });
  await writeFile(join(keys, 'operator.crt'), api.operator.certificate);
  await writeFile(join(keys, 'operator.key'), api.operator.key);
  return api;
}

/** What asks no box. */
const alone = ['--check', 'inspect', 'verify'];

/** Runs `cpiab` as the operator of a box. */
export async function cpiab(api: TestApi, ...args: string[]): Promise<Record<string, unknown>> {
  const argv = [process.execPath, main, ...args, '--json'];
  const box = args.some((arg) => alone.includes(arg))
    ? []
    : ['--box', `${api.url}#${api.identity.fingerprint}`];
  const { stdout } = await run([...argv, ...box], { env: { HOME: api.directory, XDG_CONFIG_HOME: '' } });
  return JSON.parse(stdout) as Record<string, unknown>;
}

export async function refusalOf(
  work: Promise<unknown>,
): Promise<{ code: string; message: string; hint: string }> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProcessError)) throw error;
  return JSON.parse(error.stderr.trim().split('\n').at(-1) ?? '') as never;
}
