import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../agent/until.ts';
import { issueOperator } from '../../builder/bundle/operator.ts';
import type { OperatorRole } from '../../contract/operator.ts';
import { askPinned } from '../../host/pinned-https.ts';
import { ProcessError, run } from '../../host/process.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { operatorOf } from '../support/operator-cli.ts';
import { Programs } from '../support/postcheck/programs.ts';
import { KubeApi } from '../support/svid/kube-api.ts';

const here = keptDirectory();
const kube = new KubeApi();
const programs = new Programs();
const { signal } = new AbortController();
let box: TestApi;
let alice: Awaited<ReturnType<typeof operatorOf>>;

beforeAll(async () => {
  await kube.open('RBAC');
  // Makes `view` and `edit` of what they are put together from.
  const flags = [
    '--leader-elect=false',
    '--secure-port=0',
    '--controllers=clusterrole-aggregation-controller',
  ];
  programs.start(['kube-controller-manager', `--kubeconfig=${kube.kubeconfig}`, ...flags]);
  const view = '/apis/rbac.authorization.k8s.io/v1/clusterroles/view';
  const isWhole = async () => (await kube.client.get<{ rules: unknown[] | null }>(view)).rules !== null;
  await until(isWhole, AbortSignal.timeout(120_000));
  box = await startTestApi(() => undefined);
  box.board.put('kube', kube.client);
  alice = await operatorOf({ api: box }, here('alice'));
  await kube.namespace('web', ['default']);
  await kube.pod('web', 'default', 'server');
  await alice.ask('kubeconfig', '--out', here('admin.kubeconfig'));
  await withRole('viewer');
  await withRole('operator');
}, 1_800_000);
afterAll(async () => {
  await box?.close();
  await programs.endAll();
  await kube.close();
});

/** Of an operator who may do less. */
async function withRole(role: OperatorRole): Promise<void> {
  const ca = { certificate: box.operator.ca, key: box.operator.caKey };
  const leaf = await issueOperator(ca, { site: 'lab', name: 'bob', role, days: 1 }, new Date());
  const [cert, key] = [here(`${role}.crt`), here(`${role}.key`)];
  await writeFile(cert, leaf.certificate);
  await writeFile(key, leaf.key);
  await alice.ask('kubeconfig', '--cert', cert, '--key', key, '--out', here(`${role}.kubeconfig`));
}

/** What kubectl prints, on either way out. */
const kubectl = async (role: OperatorRole, ...args: string[]) =>
  await run(['kubectl', `--kubeconfig=${here(`${role}.kubeconfig`)}`, ...args]).then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      if (!(error instanceof ProcessError)) throw error;
      return error.stderr;
    },
  );

const written = async () =>
  (await box.audit.read(0)).entries
    .filter(({ action }) => action === 'kubernetes')
    .map(({ who, subject, outcome, detail }) => [who.name, subject, outcome, detail].join(' ').trim());

const map = (name: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, namespace: web }\n`;

describe('kubectl, by a file that `cpiab kubeconfig` wrote', () => {
  test('reads as its user, which the cluster knows by name and role', async () => {
    const said = JSON.parse(await kubectl('admin', 'auth', 'whoami', '--output=json')).status.userInfo;
    expect(said).toMatchObject({
      username: 'cpiab:alice',
      groups: ['cpiab:admin', 'system:authenticated'],
    });
    expect(await kubectl('viewer', 'get', 'pods', '-A', '--output=name')).toBe('pod/server\n');
    expect(await written()).toEqual([]);
  });

  test('changes what the role may, each time after it is written down', async () => {
    await writeFile(here('map.yaml'), map('made'));
    expect(await kubectl('operator', 'apply', '--filename', here('map.yaml'))).toBe(
      'configmap/made created\n',
    );
    const target =
      '/api/v1/namespaces/web/configmaps?fieldManager=kubectl-client-side-apply&fieldValidation=Strict';
    expect(await written()).toEqual([`bob POST ${target} begun`, `bob POST ${target} done 201`]);
  });

  test('is refused what the role may not', async () => {
    expect(await kubectl('viewer', 'delete', 'configmap', 'made', '--namespace=web')).toContain(
      'User "cpiab:bob" cannot delete resource "configmaps"',
    );
    expect(await kubectl('viewer', 'get', 'secrets', '-A')).toContain('cannot list resource "secrets"');
    expect(await kubectl('operator', 'delete', 'namespace', 'web')).toContain('Forbidden');
    expect((await written()).slice(-4)).toEqual([
      expect.stringContaining('bob DELETE /api/v1/namespaces/web/configmaps/made begun'),
      'bob DELETE /api/v1/namespaces/web/configmaps/made refused 403',
      'bob DELETE /api/v1/namespaces/web begun',
      'bob DELETE /api/v1/namespaces/web refused 403',
    ]);
  });

  test('hears of changes for as long as it watches', async () => {
    const args = [`--kubeconfig=${here('viewer.kubeconfig')}`, 'get', 'configmaps', '--namespace=web'];
    const watching = spawn('kubectl', [...args, '--watch', '--output=name'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let heard = '';
    watching.stdout.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
    });
    try {
      await until(() => heard.includes('configmap/made'), AbortSignal.timeout(60_000));
      await kube.client.apply('/api/v1/namespaces/web/configmaps/later', map('later'));
      await until(() => heard.includes('configmap/later'), AbortSignal.timeout(60_000));
    } finally {
      watching.kill();
    }
  });

  test('into a container: who may not is told so, and every try is written down', async () => {
    const exec = ['exec', '--namespace=web', 'server', '--', 'id'];
    expect(await kubectl('viewer', ...exec)).toContain('cannot create resource "pods/exec"');
    // No node runs this pod: the API server says so by itself.
    expect(await kubectl('operator', ...exec)).toContain('does not have a host assigned');
    const tries = (await written()).filter((line) => line.includes('/pods/server/exec?command=id'));
    expect(tries.filter((line) => line.endsWith('begun')).length).toBeGreaterThanOrEqual(2);
    expect(tries.every((line) => /begun$|refused \d+$/.test(line))).toBe(true);
  });
});

describe('nobody', () => {
  const asked = async (headers: Record<string, string>, identity?: { cert: string; key: string }) =>
    await askPinned(
      new URL('/v1/kubernetes/api/v1/namespaces/web/configmaps', box.url),
      { of: 'key', sha256: box.identity.fingerprint },
      { headers, signal, timeoutMs: 30_000, ...(identity === undefined ? {} : { identity }) },
    );
  const viewer = async () => ({
    cert: await readFile(here('viewer.crt'), 'utf8'),
    key: await readFile(here('viewer.key'), 'utf8'),
  });

  test('without a certificate gets an answer', async () => {
    expect((await asked({})).status).toBe(403);
  });

  test('becomes somebody else by saying so', async () => {
    const headers = { 'impersonate-user': 'root', 'impersonate-group': 'system:masters' };
    const secrets = new URL('/v1/kubernetes/api/v1/secrets', box.url);
    const pin = { of: 'key', sha256: box.identity.fingerprint } as const;
    const { status } = await askPinned(secrets, pin, {
      ...{ headers, signal, timeoutMs: 30_000, identity: await viewer() },
    });
    expect(status).toBe(403);
  });

  test('opens a connection to a container from the page of another site', async () => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', origin: 'https://elsewhere.example' };
    const { status, body } = await asked(upgrade, await viewer());
    expect([status, body.toString()]).toEqual([403, 'a page of another site asked for this\n']);
  });
});
