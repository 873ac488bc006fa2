import { writeFile } from 'node:fs/promises';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { listen } from '../../agent/api/server.ts';
import { ServerAuthority } from '../../agent/pki/server-authority.ts';
import type { Look } from '../../agent/postcheck/look.ts';
import { clearScratch } from '../../agent/postcheck/scratch.ts';
import { checkSignIn } from '../../agent/postcheck/sign-in.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { CheckedSite, folder } from '../support/postcheck/checked-site.ts';
import { startLogin, type TestLogin } from '../support/sso/login.ts';

const HOST = 'shop.box.home.arpa';
const secret = '/api/v1/namespaces/sso/secrets/postcheck';
const here = keptDirectory();
const site = new CheckedSite(here);
const { signal } = new AbortController();
let login: TestLogin;
let look: Look;

/** How the gate treats who asks for the app: as the login says, or wrongly. */
type Gate =
  | 'as the login says'
  | 'lets everybody in'
  | 'lets nobody in'
  | 'has no such page'
  | 'answers late'
  | 'never answers'
  | 'takes any password';
let treats: Gate = 'as the login says';
/** What the app answers to who is let in. */
const answers: Partial<Record<Gate, number>> = {
  'lets nobody in': 403,
  'has no such page': 404,
  'never answers': 503,
};
/** Requests of who is let in that an app which answers late has not answered yet. */
let late = 2;
/** What the kubelet has brought to the login. */
const brought = new Set<string>();
const stop = new AbortController();

const app = (name: string) =>
  JSON.stringify({
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'App', name, title: name, owner: 'tools', bundle: 'core' },
    ...{ supply: 'source', health: { deployment: name }, internet: 'none', backup: 'none' },
  });

/** In the place of Traefik, with the headers of its forward authentication, which test/engine/long/sso.test.ts has. */
function gate(asked: IncomingMessage, answer: ServerResponse): void {
  const { host = '', cookie = '' } = asked.headers;
  const isLogin = host === new URL(login.issuer).host;
  if (treats === 'takes any password') {
    if (isLogin && asked.method === 'POST')
      return void answer.writeHead(303, { location: `https://${HOST}/in` }).end();
    if (asked.url === '/in') return void answer.writeHead(200).end('the shop');
  }
  const forwarded = {
    ...{ 'x-forwarded-proto': 'https', 'x-forwarded-host': host, 'x-forwarded-for': '192.0.2.7' },
    ...{ 'x-forwarded-method': asked.method ?? '', 'x-forwarded-uri': asked.url ?? '' },
  };
  const headers = isLogin ? { ...asked.headers, ...forwarded } : { cookie, ...forwarded };
  const to = isLogin
    ? { port: login.loginPort, method: asked.method, path: asked.url }
    : { port: login.forwardAuthPort, path: '/' };
  const passed = request({ host: '127.0.0.1', agent: false, headers, ...to }, (told) => {
    const { statusCode = 0 } = told;
    const isIn = !isLogin && (statusCode === 200 || treats === 'lets everybody in');
    if (isIn) answer.writeHead(statusIn()).end('the shop');
    else answer.writeHead(statusCode, told.headers);
    if (!isIn) told.pipe(answer);
  });
  passed.on('error', () => answer.writeHead(502).end());
  asked.pipe(passed);
}

const statusIn = () => (treats === 'answers late' && late-- > 0 ? 500 : (answers[treats] ?? 200));

/** In the place of the kubelet: the Secret is a file of the login. */
async function bringSecrets(): Promise<void> {
  while (!stop.signal.aborted) {
    const found = await site.kube.client
      .get<{ data?: { postcheck: string } }>(secret)
      .catch(() => ({ data: undefined }));
    const text = Buffer.from(found.data?.postcheck ?? '', 'base64').toString();
    if (text !== '') brought.add(text);
    await writeFile(login.checkUser, text);
    await sleep(200);
  }
}
let bringing: Promise<void>;

beforeAll(async () => {
  await site.open();
  login = await startLogin({ hosts: [HOST] });
  await site.kube.namespace('sso', []);
  await site.kube.namespace('shop', []);
  await site.kube.client.create('/apis/networking.k8s.io/v1/ingressclasses', {
    metadata: { name: 'traefik' },
    spec: { controller: 'traefik.io/ingress-controller' },
  });
  const backend = { service: { name: 'shop', port: { number: 80 } } };
  await site.kube.client.create('/apis/networking.k8s.io/v1/namespaces/shop/ingresses', {
    metadata: {
      name: 'shop',
      annotations: { 'traefik.ingress.kubernetes.io/router.middlewares': 'sso@file' },
    },
    spec: {
      ingressClassName: 'traefik',
      rules: [{ host: HOST, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  });
  const authority = site.box.board.get('authority');
  const own = new ServerAuthority(site.box.board.paths.pki, authority, 'box.home.arpa', Date.now);
  const { key, certificate: cert } = await own.issue([HOST, new URL(login.issuer).host]);
  const server = createServer({ key, cert }, gate);
  await listen(server, 443, site.nodeAddress, signal);
  server.unref();
  look = await site.lookAt({ [`${folder('shop')}/app.yaml`]: app('sso') });
  bringing = bringSecrets();
}, 1_800_000);
afterEach(() => {
  treats = 'as the login says';
});
afterAll(() => site.close());

const quick = [1000, 3000];

test('a user of the check gets the page; the Secret is gone afterwards, and no password was in it or in the log', async () => {
  expect(await checkSignIn(look)).toEqual({
    result: 'pass',
    evidence: `a user of the check got ${HOST}, and not with a wrong password`,
  });
  await expect(site.kube.client.get(secret)).rejects.toMatchObject({ status: 404 });
  expect([...brought]).toEqual([expect.stringMatching(/^postcheck-[0-9a-f]{8}:\$argon2id\$[^\n]+\n$/)]);
  const events = login.logged.map(({ event }) => event);
  expect(events).toEqual(['sign-in', 'sign-in-refused']);
  expect(Object.keys(login.logged[0] ?? {}).toSorted()).toEqual(['address', 'event', 'user']);
});

test('says the same a second time', async () => {
  expect(await checkSignIn(look)).toMatchObject({ result: 'pass' });
});

test('an app that answers only after a while passes, one that never does fails', async () => {
  treats = 'answers late';
  expect(await checkSignIn(look, [1000, 1000, 1000])).toMatchObject({ result: 'pass' });
  treats = 'never answers';
  expect(await checkSignIn(look, quick)).toEqual({
    result: 'fail',
    evidence: `${HOST} answers 503 to who has signed in`,
  });
});

test('an app with an API alone passes', async () => {
  treats = 'has no such page';
  expect(await checkSignIn(look)).toMatchObject({ result: 'pass' });
});

test('a login that does not take a right password fails', async () => {
  const { checkUser } = login;
  login.checkUser = here('elsewhere');
  await writeFile(checkUser, '');
  const evidence = 'login.box.home.arpa answers 401 to the right password of a user of the Secret';
  expect(await checkSignIn(look, quick)).toEqual({ result: 'fail', evidence });
  login.checkUser = checkUser;
});

test.each([
  ['lets everybody in', `${HOST} answers 200 without a login`],
  ['lets nobody in', `${HOST} answers 403 to who has signed in`],
  ['takes any password', `${HOST} lets in who gives a wrong password`],
] as const)('a route that %s fails', async (how, evidence) => {
  treats = how;
  expect(await checkSignIn(look, quick)).toEqual({ result: 'fail', evidence });
});

test('without app sso it does not apply, and Authentik is named', async () => {
  const other = async (name: string) =>
    await checkSignIn(await site.lookAt({ [`${folder('shop')}/app.yaml`]: app(name) }), quick);
  expect(await other('shop')).toMatchObject({ result: 'notApplicable' });
  expect(await other('authentik')).toMatchObject({
    result: 'notApplicable',
    evidence: expect.stringContaining('Authentik'),
  });
});

test('the Secret of a run that was cut off is taken away', async () => {
  await site.kube.client.apply(secret, {
    ...{ apiVersion: 'v1', kind: 'Secret' },
    metadata: { name: 'postcheck', namespace: 'sso', labels: { 'cpiab.dev/postcheck': 'true' } },
  });
  await clearScratch(site.kube.client, signal);
  await expect(site.kube.client.get(secret)).rejects.toMatchObject({ status: 404 });
});

// The last one: it ends the login.
test('a login that does not answer fails', async () => {
  stop.abort();
  await bringing;
  await login.close();
  expect(await checkSignIn(look, quick)).toEqual({
    result: 'fail',
    evidence: `${HOST} answers 502 without a login`,
  });
});
