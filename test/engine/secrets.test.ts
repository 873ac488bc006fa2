import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { listen } from '../../agent/api/server.ts';
import { applyFlux } from '../../agent/flux/flux.ts';
import { reconcileAnew } from '../../agent/flux/reconcile-anew.ts';
import { Release } from '../../agent/flux/release.ts';
import type { KubeObject } from '../../agent/kube/client.ts';
import { listKustomizations, notApplied } from '../../agent/observe/kustomizations.ts';
import { Publisher } from '../../agent/serve/artifacts/publisher.ts';
import { artifactServer } from '../../agent/serve/artifacts/server.ts';
import { type GitRepository, openRepository } from '../../agent/serve/git/repository.ts';
import type { Served } from '../../agent/serve/served.ts';
import { until } from '../../agent/until.ts';
import { readSite } from '../../builder/config/read-site.ts';
import { renderSecrets } from '../../builder/secrets/render.ts';
import { rotateAgeKey } from '../../builder/secrets/rotate.ts';
import { openWorkbench, type Workbench } from '../../builder/secrets/workbench.ts';
import { OperatorClient } from '../../cli/box/operator.ts';
import { unlock } from '../../cli/box/unlock.ts';
import { flux } from '../../contract/layout.ts';
import { parseBoxSite } from '../../contract/site.ts';
import { cacheRoot } from '../../host/cache.ts';
import { run } from '../../host/process.ts';
import { sourceRepository, startTestApi, type TestApi } from '../support/api.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { fluxCrds, programFiles } from '../support/kube-programs.ts';
import { quietHost } from '../support/quiet-host.ts';
import { KubeApi } from '../support/svid/kube-api.ts';

const repository = join(import.meta.dirname, '../..');
const here = keptDirectory();
const { signal } = new AbortController();
const kube = new KubeApi();
let box: TestApi;
let bench: Workbench;
let git: GitRepository;
let release: Release;
let controller: ChildProcess;

const source = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'ExternalArtifact', name: 'site' };
const files: Record<string, object> = {
  'cluster/kubernetes/flux/lab/web.yaml': {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'web', namespace: 'flux-system' },
    spec: {
      ...{ path: './cluster/kubernetes/apps/web', components: ['../../secrets/lab/web'] },
      decryption: { provider: 'sops', secretRef: { name: 'sops-age' } },
      ...{ sourceRef: source, prune: true, wait: true, interval: '5m', retryInterval: '1s', timeout: '1m' },
    },
  },
  'cluster/kubernetes/apps/web/namespace.yaml': {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'web' },
  },
  'cluster/kubernetes/apps/web/kustomization.yaml': {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['namespace.yaml'],
  },
  'cluster/kubernetes/apps/web/app.yaml': {
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'App', name: 'web', title: 'Web', owner: 'tools', bundle: 'core' },
    ...{ supply: 'source', health: { deployment: 'web' }, internet: 'none', backup: 'none' },
    secrets: [{ name: 'login', keys: { user: 'WEB_USER', 'tls.key': 'WEB_KEY' } }],
  },
};

beforeAll(async () => {
  vi.stubEnv('XDG_CONFIG_HOME', here('config'));
  await kube.open();
  await programFiles('kustomize-controller', here('bin'));
  const site = parseBoxSite(await readSite(repository, 'lab'));
  const texts = Object.entries(files).map(([path, content]) => [path, stringify(content)]);
  const work = await sourceRepository(here(), {
    ...Object.fromEntries(texts),
    ...(await systemFiles()),
    '.gitignore': '/config/env/*.env\n',
    'config/clusters/lab.yaml': await readFile(join(repository, 'config/clusters/lab.yaml'), 'utf8'),
  });
  bench = { ...(await openWorkbench(site, quietHost(repository, cacheRoot()))), repository: work.work };
  git = await openRepository(here('box.git'), work.bundle, signal);
  await rendered('first');
  box = await startTestApi(() => undefined);
  box.board.put('served', {} as Served);
  box.board.put('kube', kube.client);
  await startFlux();
}, 1_800_000);
afterAll(async () => {
  if (controller !== undefined) {
    const ended = once(controller, 'exit');
    controller.kill();
    await ended;
  }
  await box?.close();
  await kube.close();
  vi.unstubAllEnvs();
});

/** The flux step; the controller's own pod has no node here, so the same program runs beside. */
async function startFlux(): Promise<void> {
  const server = artifactServer(here('artifacts'));
  await listen(server, 0, '127.0.0.1', signal);
  const { port } = server.address() as AddressInfo;
  const publisher = new Publisher(git, here('artifacts'), `http://127.0.0.1:${port}`);
  release = new Release(git, publisher, box.report);
  box.board.put('git', git);
  box.board.put('release', release);
  Object.assign(box.board.paths, { fluxCrds: await fluxCrds() });
  await fluxStep();
  const manifest = join(repository, flux.systemPath, 'deployment.yaml');
  const { args } = parse(await readFile(manifest, 'utf8')).spec.template.spec.containers[0];
  const ports = ['--metrics-addr=127.0.0.1:0', '--health-addr=127.0.0.1:0'];
  controller = spawn(here('bin/kustomize-controller'), [...args, ...ports], {
    env: { KUBECONFIG: kube.kubeconfig, RUNTIME_NAMESPACE: 'flux-system', TMPDIR: here(), PATH: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(here('controller.log'));
  controller.stdout?.pipe(log);
  controller.stderr?.pipe(log);
}

/** Flux's own folder, as this repository has it. */
async function systemFiles(): Promise<Record<string, string>> {
  const names = (await readdir(join(repository, flux.systemPath))).filter((name) => name.endsWith('.yaml'));
  const paths = names.map((name) => join(flux.systemPath, name));
  const texts = paths.map(async (path) => [path, await readFile(join(repository, path), 'utf8')]);
  return Object.fromEntries(await Promise.all(texts));
}

/** Renders values into the work tree, commits, and lets the box's Git have it. */
async function rendered(user: string): Promise<void> {
  const text = `WEB_USER='${user}'\nWEB_KEY="line one\nline two"\n`;
  await mkdir(join(bench.repository, 'config/env'), { recursive: true });
  await writeFile(join(bench.repository, 'config/env/lab.env'), text, { mode: 0o600 });
  await renderSecrets(bench);
  await committed();
}

async function committed(): Promise<void> {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  const at = ['git', '-C', bench.repository, ...who];
  await run([...at, 'add', '--all']);
  await run([...at, 'commit', '--quiet', '--message', 'secrets']);
  await run(['git', '--git-dir', git.path, 'fetch', '--quiet', bench.repository, 'main:main']);
}

const fluxStep = () => applyFlux(box.board, { signal, progress: () => {} });
const operator = () => {
  const { certificate: cert, key } = box.operator;
  const address = { url: new URL(box.url), fingerprint: box.identity.fingerprint };
  return new OperatorClient(address, { cert, key }, signal);
};
const objectAt = (path: string) => kube.client.get<KubeObject>(path, signal);
const conditionOf = async () => {
  const path = '/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/web';
  const { status } = await objectAt(path);
  const conditions = (status as { conditions?: { type: string; status: string; message: string }[] })
    .conditions;
  return conditions?.find(({ type }) => type === 'Ready');
};
const login = async () => {
  const secret = await objectAt('/api/v1/namespaces/web/secrets/login');
  const data = secret['data'] as Record<string, string>;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
};
const inTime = (what: () => Promise<boolean>) =>
  until(() => what().catch(() => false), AbortSignal.timeout(120_000));

test('without the key nothing of the app is applied, and Flux says why', async () => {
  await inTime(async () => (await conditionOf())?.message.includes('sops-age') === true);
  expect((await conditionOf())?.status).toBe('False');
  await expect(login()).rejects.toThrow('404');
});

test('with the key Flux applies the values', async () => {
  expect(await unlock(operator(), 'lab')).toMatchObject({ applied: true });
  await inTime(async () => (await conditionOf())?.status === 'True');
  expect(await login()).toEqual({ user: 'first', 'tls.key': 'line one\nline two' });
});

test('a start of the box hands the key over again', async () => {
  const path = '/api/v1/namespaces/flux-system/secrets/sops-age';
  await kube.client.remove(path, signal);
  await fluxStep();
  const data = (await objectAt(path))['data'] as Record<string, string>;
  const kept = await readFile(box.board.paths.ageKey, 'utf8');
  expect(Buffer.from(data['age.agekey'] ?? '', 'base64').toString()).toBe(kept);
});

test('what Flux found ready before a start of the box is looked at anew', async () => {
  const waiting = async () =>
    (await listKustomizations(kube.client, signal)).map((item) =>
      notApplied(item, item.status?.lastAppliedRevision ?? ''),
    );
  await inTime(async () => (await waiting()).every((reason) => reason === null));
  controller.kill('SIGSTOP');
  await reconcileAnew(kube.client, 'another', signal);
  const found = await waiting();
  controller.kill('SIGCONT');
  expect(new Set(found)).toEqual(new Set(['asked for, not reconciled yet']));
  await inTime(async () => (await waiting()).every((reason) => reason === null));
});

test('after a new key, and before the box has it, what was applied stays', async () => {
  await rotateAgeKey(bench);
  await rendered('second');
  await release.publish(signal);
  await inTime(async () => (await conditionOf())?.status === 'False');
  expect(await login()).toMatchObject({ user: 'first' });
  await unlock(operator(), 'lab');
  await inTime(async () => (await login())['user'] === 'second');
});
