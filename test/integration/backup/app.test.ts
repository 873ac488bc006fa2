import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KubeClient, KubeError } from '../../../agent/kube/client.ts';
import { appBackupPath } from '../../../contract/app-backup.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';

const main = join(import.meta.dirname, '../../../cli/main.ts');
let api: TestApi;

beforeEach(async () => {
  api = await startTestApi(() => undefined);
  const keys = join(api.directory, '.config', 'cpiab', 'keys', 'lab');
  await mkdir(keys, { recursive: true });
  await writeFile(join(keys, 'operator.crt'), api.operator.certificate);
  await writeFile(join(keys, 'operator.key'), api.operator.key);
});
afterEach(() => api.close());

/** What `cpiab app` says when it fails. */
async function refusal(...args: string[]): Promise<string> {
  const argv = [process.execPath, main, 'app', ...args, '--box', `${api.url}#${api.identity.fingerprint}`];
  const error = await run(argv, { env: { HOME: api.directory, XDG_CONFIG_HOME: '' } }).catch(
    (thrown) => thrown,
  );
  if (!(error instanceof ProcessError)) throw new Error(`it did not fail: ${error}`);
  return error.stderr;
}

/** A cluster in which nothing is found; what the jobs are like is tried with a real one, test/engine/app-backup.test.ts. */
const empty = {
  get: async (path: string) => {
    throw new KubeError(404, `GET ${path}`, 'not found');
  },
} as unknown as KubeClient;

test('nobody without the certificate of an operator has an app backed up', async () => {
  const { status } = await ask(`${api.url}${appBackupPath('notes')}`, {
    ...{ ca: api.identity.certificate, method: 'POST' },
    body: JSON.stringify({ work: 'backup' }),
  });
  expect(status).toBe(403);
});

test('a box whose cluster is not there yet says so', async () => {
  expect(await refusal('backup', 'notes')).toContain('503');
});

test('an app without backups is told, with what to do, and who asked is written down', async () => {
  api.board.put('kube', empty);
  const said = await refusal('restore', 'notes', '--snapshot', '1a2b3c4d');
  expect(said).toContain('CPIAB-E5413');
  expect(said).toContain('docs/operate/synology.md');
  const { entries } = await api.audit.read(0);
  const own = entries.filter(({ action }) => action === 'restore');
  expect(own.map(({ subject, outcome }) => [subject, outcome])).toEqual([
    ['app notes', 'begun'],
    ['app notes', 'failed'],
  ]);
  expect(own[0]?.detail).toBe('from snapshot 1a2b3c4d');
});

test('what is no snapshot is refused before a job is made', async () => {
  api.board.put('kube', empty);
  expect(await refusal('restore', 'notes', '--snapshot', 'a;b')).toContain('400');
});
