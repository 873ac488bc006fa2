import 'reflect-metadata';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../agent/kube/client.ts';
import { objectPath } from '../../agent/kube/path.ts';
import { makeRequest } from '../../agent/pki/request.ts';
import { tell } from '../../agent/svid/tell.ts';
import { until } from '../../agent/until.ts';
import type { AuditEntry } from '../../contract/audit-log.ts';
import { type Svid, SvidSchema, svidAudience } from '../../contract/svid.ts';
import { run } from '../../host/process.ts';
import { type EnrollBox, freshPath, startBox } from '../support/enroll/box.ts';
import { KubeApi, type TestPod } from '../support/svid/kube-api.ts';

const HOUR = 3_600_000;
const never = new AbortController().signal;
const api = new KubeApi();
let shop: TestPod;
let bank: TestPod;

beforeAll(async () => {
  await api.open();
  await api.namespace('shop', ['client', 'other'], { 'cpiab.dev/svid': 'enabled' });
  await api.namespace('bank', ['client']);
  shop = await api.pod('shop', 'client');
  bank = await api.pod('bank', 'client');
}, 180_000);
afterAll(() => api.close());

/** A box whose Kubernetes is the real API server. */
async function boxWithCluster(): Promise<EnrollBox> {
  const box = await startBox();
  box.api.board.put('kube', api.client);
  return box;
}

const ownKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const bodyOf = (csr: Buffer) =>
  JSON.stringify({ apiVersion: 'cpiab.dev/v1', kind: 'SvidRequest', csr: csr.toString('base64') });

async function ask(box: EnrollBox, token: string | null, csr = makeRequest(ownKey())) {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await box.anonymous('/v1/svid', { method: 'POST', headers, body: bodyOf(csr) });
  return { ...answer, document: answer.text.startsWith('{') ? JSON.parse(answer.text) : {} };
}

async function svidOf(box: EnrollBox, pod: TestPod): Promise<Svid> {
  const { document } = await ask(box, await api.token(pod, svidAudience));
  return SvidSchema.parse(document);
}

describe('an SVID of a workload', () => {
  test('names its service account and nothing else, for an hour, and is no authority', async () => {
    const box = await boxWithCluster();
    const { id, certificate, expires } = await svidOf(box, shop);
    const trustDomain = box.api.board.get('authority').trustDomain;
    expect(id).toBe(`spiffe://${trustDomain}/ns/shop/sa/client`);
    const leaf = new x509.X509Certificate(certificate);
    const names = leaf.getExtension(x509.SubjectAlternativeNameExtension);
    // X.509-SVID sections 2 and 4: exactly one URI, critical where the subject is empty.
    expect([
      leaf.subject,
      names?.critical,
      names?.names.items.map(({ type, value }) => [type, value]),
    ]).toEqual(['', true, [['url', id]]]);
    const usages = leaf.getExtension(x509.KeyUsagesExtension);
    expect([usages?.critical, usages?.usages]).toEqual([true, x509.KeyUsageFlags.digitalSignature]);
    expect(leaf.getExtension(x509.BasicConstraintsExtension)).toMatchObject({ critical: true, ca: false });
    expect(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([
      x509.ExtendedKeyUsage.clientAuth,
      x509.ExtendedKeyUsage.serverAuth,
    ]);
    expect(leaf.notAfter.getTime() - leaf.notBefore.getTime()).toBeLessThanOrEqual(HOUR + 61_000);
    expect(leaf.notAfter.toISOString()).toBe(expires);
  });

  test.each(['sslclient', 'sslserver'])('is good as %s by openssl at its strictest', async (purpose) => {
    const { certificate, chain, root } = await svidOf(await boxWithCluster(), shop);
    const directory = await freshPath();
    for (const [name, pem] of Object.entries({ certificate, chain, root }))
      await writeFile(join(directory, name), pem);
    const files = ['-CAfile', join(directory, 'root'), '-untrusted', join(directory, 'chain')];
    const argv = ['openssl', 'verify', '-x509_strict', '-purpose', purpose, ...files];
    expect((await run([...argv, join(directory, 'certificate')])).stdout).toContain('OK');
  });

  test('is for the key of the request', async () => {
    const box = await boxWithCluster();
    const key = ownKey();
    const { document } = await ask(box, await api.token(shop, svidAudience), makeRequest(key));
    const { publicKey } = new x509.X509Certificate(document.certificate);
    const own = key.export({ format: 'jwk' });
    const made = await crypto.subtle.exportKey('jwk', await publicKey.export());
    expect([made.x, made.y]).toEqual([own.x, own.y]);
  });

  test('is in the log once for each pod', async () => {
    const box = await boxWithCluster();
    await svidOf(box, shop);
    await svidOf(box, shop);
    const { entries } = await box.api.audit.read(0);
    const own = entries.filter(({ subject }: AuditEntry) => subject === 'workload ns/shop/sa/client');
    expect(own.map(({ action, outcome }) => [action, outcome])).toEqual([['issue', 'done']]);
    expect(own[0]?.detail).toContain(`${shop.name} ${shop.uid}`);
  });

  test('opens nothing that is for nodes or operators', async () => {
    const box = await boxWithCluster();
    const key = ownKey();
    const { document } = await ask(box, await api.token(shop, svidAudience), makeRequest(key));
    const identity = {
      key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
      cert: `${document.certificate}${document.chain}`,
    };
    const answers = [
      await box.ask('/v1/membership', { method: 'POST', identity }),
      await box.ask('/v1/join-material', { method: 'POST', identity }),
      await box.post('/v1/invitations', {}, identity),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
  });
});

describe('who has no such token is refused by name', () => {
  test.each<[string, () => Promise<string | null>, string]>([
    ['no token', async () => null, 'it has not the form of one'],
    ['what is no token', async () => 'x', 'it has not the form of one'],
    [
      'one for another audience',
      () => api.token(shop, 'https://example.test'),
      'is invalid for the target audiences',
    ],
    [
      'one for the API server',
      () => api.token(shop, 'https://kubernetes.default.svc'),
      'is invalid for the target audiences',
    ],
    ['one that no pod has', () => api.token(shop, svidAudience, false), 'it is bound to no pod'],
    ['one that has expired', expiredToken, 'token has expired'],
    ['one with another name written into it', foreignName, 'invalid bearer token'],
    ['one of another cluster', () => forged({}, otherKey()), 'invalid bearer token'],
    ['one of a pod that is gone', tokenOfDeletedPod, 'has been invalidated'],
    ['one of a service account that is gone', tokenOfDeletedAccount, '"other" not found'],
  ])('%s', async (_, token, why) => {
    const answer = await ask(await boxWithCluster(), await token());
    expect([answer.status, answer.document.code]).toEqual([401, 'CPIAB-E2520']);
    expect(answer.document.message).toContain(why);
    expect(answer.text).not.toContain('CERTIFICATE');
  });

  test("a request that asks for another namespace's name", async () => {
    const box = await boxWithCluster();
    const directory = await freshPath();
    const name = `URI:spiffe://${box.api.board.get('authority').trustDomain}/ns/bank/sa/client`;
    const csr = join(directory, 'csr');
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      join(directory, 'key'),
    ];
    const names = ['-subj', '/', '-addext', `subjectAltName=${name}`];
    await run(['openssl', 'req', '-new', ...key, ...names, '-outform', 'DER', '-out', csr]);
    const answer = await ask(box, await api.token(shop, svidAudience), await readFile(csr));
    expect([answer.status, answer.document.code]).toEqual([400, 'CPIAB-E2502']);
    expect(answer.document.message).toContain('it asks for extensions');
    const own = await svidOf(box, bank);
    expect(own.id).toContain('/ns/bank/sa/client');
  });

  test('a pod that asks again and again', async () => {
    const box = await boxWithCluster();
    const token = await api.token(shop, svidAudience);
    const statuses: number[] = [];
    for (let count = 0; count < 11; count++) statuses.push((await ask(box, token)).status);
    expect(statuses.slice(0, 10).every((status) => status === 200)).toBe(true);
    const last = await ask(box, token);
    expect([statuses[10], last.document.code]).toEqual([429, 'CPIAB-E5520']);
    // Another pod, from the same address, is not the one that asked too often.
    expect((await ask(box, await api.token(bank, svidAudience))).status).toBe(200);
  });

  test('what is too large, or no request', async () => {
    const box = await boxWithCluster();
    const send = async (body: string) => (await box.anonymous('/v1/svid', { method: 'POST', body })).status;
    expect([await send('x'.repeat(8193)), await send('{}'), await send('')]).toEqual([413, 400, 400]);
    expect((await box.anonymous('/v1/svid', {})).status).toBe(405);
  });

  test('anybody, before Kubernetes runs', async () => {
    expect((await ask(await startBox(), 'a.b.c')).status).toBe(503);
  });
});

test('a namespace that wants it is told where the box is, and told again when somebody changed it', async () => {
  const data = { address: '10.44.0.1:7443', 'box.crt': 'PEM' };
  const path = '/api/v1/namespaces/shop/configmaps/cpiab-box';
  const told = async () => (await api.client.get<{ data: object }>(path)).data;
  await tell(api.client, data, never);
  expect(await told()).toEqual(data);
  await api.client.merge(path, { data: { address: '192.0.2.9:7443' } });
  await tell(api.client, data, never);
  expect(await told()).toEqual(data);
  const bankToo = api.client.get('/api/v1/namespaces/bank/configmaps/cpiab-box');
  await expect(bankToo).rejects.toMatchObject({ status: 404 });
});

test('the API server takes the sample as it is written', async () => {
  const folder = join(import.meta.dirname, '../../cluster/kubernetes/apps/greeting');
  for (const name of ['namespace', 'service-accounts', 'network-policy', 'server', 'client'])
    for (const document of parseAllDocuments(await readFile(join(folder, `${name}.yaml`), 'utf8'))) {
      const object = document.toJS() as KubeObject;
      const path = objectPath(object).split('/').slice(0, -1).join('/');
      await api.client.create(`${path}?fieldValidation=Strict`, object);
    }
});

/** A token with some claims changed, signed by a key. */
async function forged(changes: object, key: string): Promise<string> {
  const [head = '', claims = ''] = (await api.token(shop, svidAudience)).split('.');
  const body = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), ...changes };
  const text = `${head}.${Buffer.from(JSON.stringify(body)).toString('base64url')}`;
  return `${text}.${createSign('sha256').update(text).sign(key, 'base64url')}`;
}

const otherKey = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ format: 'pem', type: 'pkcs8' })
    .toString();

async function expiredToken(): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const past = { iat: now - 7200, nbf: now - 7200, exp: now - 3600 };
  return await forged(past, await readFile(api.signingKey, 'utf8'));
}

/** The claims of one workload, under the signature of another's. */
async function foreignName(): Promise<string> {
  const [, claims] = (await api.token(bank, svidAudience)).split('.');
  const [head, , signature] = (await api.token(shop, svidAudience)).split('.');
  return [head, claims, signature].join('.');
}

async function tokenOfDeletedPod(): Promise<string> {
  const pod = await api.pod('shop', 'client', 'short');
  const token = await api.token(pod, svidAudience);
  await api.client.remove('/api/v1/namespaces/shop/pods/short?gracePeriodSeconds=0');
  return await refusedSoon(token);
}

async function tokenOfDeletedAccount(): Promise<string> {
  const pod = await api.pod('shop', 'other');
  const token = await api.token(pod, svidAudience);
  await api.client.remove('/api/v1/namespaces/shop/serviceaccounts/other');
  return await refusedSoon(token);
}

/** The API server remembers for some seconds what it has looked up. */
async function refusedSoon(token: string): Promise<string> {
  const review = { spec: { token, audiences: [svidAudience] } };
  const isKnown = async () =>
    (
      await api.client.create<{ status: { authenticated?: boolean } }>(
        '/apis/authentication.k8s.io/v1/tokenreviews',
        review,
      )
    ).status.authenticated === true;
  await until(async () => !(await isKnown()), AbortSignal.timeout(60_000));
  return token;
}
