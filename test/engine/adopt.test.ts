import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adoptCluster } from '../../agent/engine/kubeadm/adopt.ts';
import type { Kubeadm } from '../../agent/engine/kubeadm/command.ts';
import { run } from '../../host/process.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { printableNames } from '../support/openssl.ts';
import { KubeApi } from '../support/svid/kube-api.ts';

const path = keptDirectory();
const kube = new KubeApi();
const { signal } = new AbortController();
let senderCa: string;

const kubectl = async (...args: string[]) =>
  (await run(['kubectl', '--kubeconfig', kube.kubeconfig, ...args])).stdout;
const create = (object: object) =>
  run(['kubectl', '--kubeconfig', kube.kubeconfig, 'create', '--filename', '-'], {
    input: JSON.stringify(object),
  });
const names = async (...what: string[]) =>
  (await kubectl('get', ...what, '--output', 'jsonpath={.items[*].metadata.name}'))
    .split(' ')
    .filter(Boolean);
const trusted = () =>
  kubectl('get', 'configmap', 'extension-apiserver-authentication', '-n', 'kube-system', '-o', 'json').then(
    (text) => (JSON.parse(text) as { data: Record<string, string> }).data['client-ca-file'] ?? '',
    () => '',
  );

/** What `kubeadm` runs as on a box. */
const kubeadm: Kubeadm = async (args) => {
  await run(['kubeadm', ...args, '--kubeconfig', kube.kubeconfig]);
};

beforeAll(async () => {
  await kube.open();
  await writeFile(path('openssl.cnf'), printableNames);
  const subject = ['-config', path('openssl.cnf'), '-subj', '/CN=sender'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', path('key')];
  const extension = ['-addext', 'basicConstraints=critical,CA:TRUE'];
  await run([
    'openssl',
    'req',
    '-x509',
    '-days',
    '1',
    ...curve,
    ...subject,
    ...extension,
    '-out',
    path('ca'),
  ]);
  await run(['openssl', 'req', '-new', ...curve, ...subject, '-out', path('csr')]);
  senderCa = (await readFile(path('ca'), 'utf8')).trim();
  const config = [
    { apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'InitConfiguration' },
    { apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'ClusterConfiguration', kubernetesVersion: 'v1.36.3' },
  ];
  await writeFile(path('kubeadm.yaml'), config.map((one) => `---\n${JSON.stringify(one)}\n`).join(''));
});
afterAll(() => kube.close());

/** What a snapshot of the sender's cluster brings along. */
async function landed(): Promise<void> {
  await kube.namespace('web', ['web']);
  const meta = (name: string, namespace: string, annotations = {}) => ({ name, namespace, annotations });
  const data = { kubeconfig: `certificate-authority-data: ${Buffer.from(senderCa).toString('base64')}` };
  for (const name of ['box', 'agent-of-sender'])
    await create({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
  const v1 = { apiVersion: 'v1' };
  await create({ ...v1, kind: 'ConfigMap', metadata: meta('cluster-info', 'kube-public'), data });
  await create({ ...v1, kind: 'ConfigMap', metadata: meta('kept', 'web'), data: { a: 'b' } });
  const root = { metadata: meta('kube-root-ca.crt', 'web'), data: { 'ca.crt': senderCa } };
  await create({ ...v1, kind: 'ConfigMap', ...root });
  const spec = { containers: [{ name: 'main', image: 'registry.example.org/web:1' }] };
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'of-web', controller: true };
  const remade = { ...meta('remade', 'web'), ownerReferences: [owner] };
  for (const metadata of [remade, meta('alone', 'web')])
    await create({ ...v1, kind: 'Pod', metadata, spec: { ...spec, serviceAccountName: 'web' } });
  const account = { 'kubernetes.io/service-account.name': 'web' };
  const type = 'kubernetes.io/service-account-token';
  const stringData = { token: 'signed by the sender', 'ca.crt': senderCa, namespace: 'web' };
  await create({ ...v1, kind: 'Secret', type, metadata: meta('token', 'web', account), stringData });
  const bootstrap = { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef' };
  await create({
    ...{ ...v1, kind: 'Secret', type: 'bootstrap.kubernetes.io/token', stringData: bootstrap },
    metadata: meta('bootstrap-token-abcdef', 'kube-system'),
  });
  await create({
    ...{ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: 'old' } },
    spec: {
      request: (await readFile(path('csr'))).toString('base64'),
      ...{ signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
    },
  });
}

test('what leads to the sender is taken out of a landed cluster, and the rest stays', async () => {
  await landed();
  const own = (await readFile(join(kube.directory, 'ca.crt'), 'utf8')).trim();
  await expect.poll(trusted, { timeout: 120_000 }).toContain(own);
  const both = JSON.stringify({ data: { 'client-ca-file': `${senderCa}\n${own}\n` } });
  await kubectl(
    'patch',
    'configmap',
    'extension-apiserver-authentication',
    '-n',
    'kube-system',
    '--patch',
    both,
  );
  // The API server looks at it at once, and adds what it lacks: it takes nothing away.
  await sleep(5000);
  expect(await trusted()).toContain(senderCa);

  await adoptCluster(kubeadm, { kubeadm: path('kubeadm.yaml') }, 'box', signal, kube.kubeconfig);

  await expect.poll(trusted, { timeout: 120_000 }).toContain(own);
  expect(await trusted()).not.toContain(senderCa);
  expect(await names('nodes')).toEqual(['box']);
  expect(await names('certificatesigningrequests')).toEqual([]);
  const tokens = ['secrets', '-n', 'kube-system', '--field-selector', 'type=bootstrap.kubernetes.io/token'];
  expect(await names(...tokens)).toEqual([]);
  const info = await kubectl(
    'get',
    'configmap',
    'cluster-info',
    '-n',
    'kube-public',
    '-o',
    'jsonpath={.data.kubeconfig}',
  );
  const server = await readFile(join(kube.directory, 'server.crt'));
  expect(info).toContain(server.toString('base64'));
  expect(info).not.toContain(Buffer.from(senderCa).toString('base64'));
  const secret = JSON.parse(await kubectl('get', 'secret', 'token', '-n', 'web', '-o', 'json')) as {
    data: object;
  };
  expect(Object.keys(secret.data)).toEqual(['namespace']);
  expect(await names('configmaps', '-n', 'web')).toContain('kept');
  const root = ['configmap', 'kube-root-ca.crt', '-n', 'web', '-o', 'jsonpath={.data.ca\\.crt}'];
  expect(await kubectl('get', ...root)).toBe(server.toString());
  // What was started before trusts the sender's.
  expect(await names('pods', '-n', 'web')).toEqual(['alone']);

  // After a cut it is done again.
  await adoptCluster(kubeadm, { kubeadm: path('kubeadm.yaml') }, 'box', signal, kube.kubeconfig);
  expect(await names('nodes')).toEqual(['box']);
});
