import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runAppBackup } from '../../agent/backup/app-job.ts';
import { until } from '../../agent/until.ts';
import type { AppBackupRequest } from '../../contract/app-backup.ts';
import { run } from '../../host/process.ts';
import { substituted } from '../../policy/world/substitute.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { kubePrograms } from '../support/kube-programs.ts';
import { ApiServer } from '../support/pod-network/api-server.ts';
import { whyNoPodNetwork } from '../support/pod-network/lab.ts';
import { Place } from '../support/pod-network/place.ts';

const why = await whyNoPodNetwork();
if (why !== null) process.stderr.write(`backups of apps are not tried: ${why}\n`);
const path = keptDirectory();
const app = resolve(import.meta.dirname, '../../cluster/kubernetes/apps/syncthing');
const script = resolve(app, '../../components/backup/hold.sh');
const jobs = '/apis/batch/v1/namespaces/syncthing/jobs';
const { signal } = new AbortController();

let place: Place;
let api: ApiServer;
const children: ChildProcess[] = [];

/** Applies the app as a site with a NAS does, with kubectl's own kustomize. */
async function applyApp(): Promise<void> {
  await mkdir(path('site'));
  const from = (folder: string) => relative(path('site'), folder);
  const content = { resources: [from(app)], components: [from(join(app, 'backup'))] };
  await writeFile(path('site', 'kustomization.yaml'), JSON.stringify(content));
  const { stdout: objects } = await run(['kubectl', 'kustomize', path('site')]);
  await writeFile(path('admin'), api.kubeconfigAs('admin', 'syncthing').replace('"as":"admin"', '"as":""'));
  const apply = ['kubectl', '--kubeconfig', path('admin'), 'apply', '--server-side', '--filename', '-'];
  await run(place.inside(apply), { input: substituted(objects, { DOMAIN: 'box.home.arpa' }) });
}

beforeAll(async () => {
  if (why !== null) return;
  await kubePrograms(path('bin'));
  place = await Place.make(`cpiab-${process.pid}-app`);
  await place.ip('address add 192.0.2.100/32 dev lo');
  api = new ApiServer(place, '192.0.2.100');
  await api.open(path('api'), []);
  await applyApp();
  await writeFile(path('own'), api.kubeconfigAs('system:serviceaccount:syncthing:backup', 'syncthing'));
});
afterEach(() => {
  for (const child of children.splice(0)) endGroup(child);
});
afterAll(async () => {
  api?.close();
  await place?.close();
});

interface Deployment {
  metadata: { annotations?: Record<string, string> };
  spec: { replicas: number };
}
const deployment = () => api.get<Deployment>('/apis/apps/v1/namespaces/syncthing/deployments/syncthing');

/** Ends a process with what it has started, which would keep this one's output open. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

/** Runs hold.sh with the rights that its pod has, until the app is held. */
async function hold(): Promise<ChildProcess> {
  await rm(path('held'), { force: true });
  const [program = '', ...args] = place.inside(['sh', script, path('held')]);
  const env = { ...process.env, QUIESCE: 'stop', KUBECONFIG: path('own') };
  const child = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  children.push(child);
  await until(async () => existsSync(path('held')), AbortSignal.timeout(600_000));
  return child;
}

describe.skipIf(why !== null)('an app is stopped for its backup', () => {
  test('and Flux lets it be; when the pod ends it runs as before', async () => {
    const holding = await hold();
    const { spec, metadata } = await deployment();
    expect(spec.replicas).toBe(0);
    expect(metadata.annotations).toMatchObject({ 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' });
    const exited = once(holding, 'exit');
    holding.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    const after = await deployment();
    expect(after.spec.replicas).toBe(1);
    expect(Object.keys(after.metadata.annotations ?? {})).toEqual([]);
  });

  test('a run that was cut off does not make it stay stopped: the next one knows how it was', async () => {
    (await hold()).kill('SIGKILL');
    expect((await deployment()).spec.replicas).toBe(0);
    const holding = await hold();
    const exited = once(holding, 'exit');
    holding.kill('SIGTERM');
    await exited;
    expect((await deployment()).spec.replicas).toBe(1);
  });
});

interface Job {
  metadata: { name: string };
  spec: { template: { spec: { containers: { args: string[] }[]; initContainers: { env: object[] }[] } } };
  status: { conditions?: object[] };
}

/** Asks for work, and tells of its Job what a controller would. */
async function ask(request: AppBackupRequest, end: 'Complete' | 'Failed') {
  const asked = runAppBackup(api, 'syncthing', request, signal).then(
    (result) => result,
    (error: unknown) => error as Error,
  );
  let job: Job | undefined;
  await until(async () => {
    const { items } = await api.get<{ items: Job[] }>(jobs);
    job = items.find(({ status }) => status.conditions === undefined);
    return job !== undefined;
  }, AbortSignal.timeout(60_000));
  const name = job?.metadata.name ?? '';
  const second = await runAppBackup(api, 'syncthing', { work: 'list' }, signal).catch(
    (error: unknown) => error,
  );
  const at = '2026-11-22T00:00:00Z';
  const before = end === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  const conditions = [before, end].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: at,
    message: 'as told',
  }));
  const completed = end === 'Complete' ? { completionTime: at } : {};
  await api.tell(`${jobs}/${name}`, { startTime: at, ...completed, conditions });
  return { job, result: await asked, second };
}

describe.skipIf(why !== null)('an operator asks for', () => {
  test('a backup: a job like that of the night, and one at a time', async () => {
    const { job, result, second } = await ask({ work: 'backup' }, 'Complete');
    const { containers, initContainers } = job?.spec.template.spec ?? { containers: [], initContainers: [] };
    expect(containers[0]?.args).toEqual(['backup']);
    expect(initContainers[0]?.env).toContainEqual({ name: 'QUIESCE', value: 'stop' });
    expect(result).toMatchObject({ kind: 'AppBackupResult', app: 'syncthing', log: '' });
    expect(second).toMatchObject({ code: 'E5402' });
  });

  test('a list: nothing is stopped for it', async () => {
    const { job } = await ask({ work: 'list' }, 'Complete');
    expect(job?.spec.template.spec.initContainers[0]?.env).toContainEqual({ name: 'QUIESCE', value: 'none' });
  });

  test('a restore that fails: says why', async () => {
    const { job, result } = await ask({ work: 'restore', snapshot: '1a2b3c4d' }, 'Failed');
    expect(job?.spec.template.spec.containers[0]?.args).toEqual(['restore', '1a2b3c4d']);
    expect(result).toMatchObject({ code: 'E5414', message: expect.stringContaining('as told') });
  });

  test('an app that has none: says so', async () => {
    await expect(runAppBackup(api, 'storage', { work: 'list' }, signal)).rejects.toMatchObject({
      code: 'E5413',
    });
  });
});
