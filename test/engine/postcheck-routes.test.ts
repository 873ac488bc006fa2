import { createServer as createPlain, type RequestListener, type Server } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { listen } from '../../agent/api/server.ts';
import { ServerAuthority } from '../../agent/pki/server-authority.ts';
import { checkCertificates, checkRedirect, checkRoutes } from '../../agent/postcheck/ingress.ts';
import { checkAnonymous, checkDiscovery } from '../../agent/postcheck/login.ts';
import { settling } from '../../agent/postcheck/settling.ts';
import { startTestApi } from '../support/api.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { CheckedSite } from '../support/postcheck/checked-site.ts';

const DAY = 24 * 3_600_000;
const here = keptDirectory();
const site = new CheckedSite(here);
const { signal } = new AbortController();
const networking = '/apis/networking.k8s.io/v1';
const HOST = 'shop.box.home.arpa';

beforeAll(() => site.open(), 1_800_000);
afterAll(() => site.close());

describe('what the site does not have', () => {
  test.each([
    ['a route', () => checkRoutes(site.look)],
    ['a login', () => checkAnonymous(site.look)],
    ['a provider', () => checkDiscovery(site.look)],
  ])('%s does not apply', async (_, check) => {
    expect((await check()).result).toBe('notApplicable');
  });
});

/** In the place of Traefik, which would not let itself be set up so wrongly. */
describe('a route', () => {
  const servers: Server[] = [];
  const certificateOf = async (host: string, wall = Date.now) => {
    const authority = site.box.board.get('authority');
    const own = new ServerAuthority(site.box.board.paths.pki, authority, 'box.home.arpa', wall);
    const { key, certificate } = await own.issue([host]);
    return { key, cert: certificate };
  };
  const serve = async (server: Server, port: number) => {
    servers.push(server);
    await listen(server, port, site.nodeAddress, signal);
  };
  const answering =
    (status: number, headers = {}): RequestListener =>
    (_, answer) =>
      answer.writeHead(status, headers).end();
  const secure = async (status: number, host = HOST, wall = Date.now) =>
    await serve(createSecure(await certificateOf(host, wall), answering(status)), 443);

  const ingress = async (name: string, host: string) => {
    await site.kube.namespace(name, []);
    const backend = { service: { name, port: { number: 80 } } };
    const paths = [{ path: '/', pathType: 'Prefix', backend }];
    await site.kube.client.create(`${networking}/namespaces/${name}/ingresses`, {
      metadata: { name, labels: { 'cpiab.dev/certificate': 'box' } },
      spec: { ingressClassName: 'traefik', rules: [{ host, http: { paths } }] },
    });
  };

  beforeAll(async () => {
    await site.kube.client.create(`${networking}/ingressclasses`, {
      metadata: { name: 'traefik' },
      spec: { controller: 'traefik.io/ingress-controller' },
    });
    // The second one is of use online only, and nothing answers there.
    for (const [name, host] of [
      ['shop', HOST],
      ['tunnel', 'tunnel.box.home.arpa'],
    ] as const)
      await ingress(name, host);
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  test('that is as it should be passes', async () => {
    await serve(createPlain(answering(308, { location: `https://${HOST}/` })), 80);
    await secure(401);
    const found = [
      await checkRedirect(site.look),
      await checkCertificates(site.look),
      await checkRoutes(site.look),
    ];
    expect(found).toEqual([
      { result: 'pass', evidence: '1 host led to HTTPS' },
      { result: 'pass', evidence: '1 valid certificate' },
      { result: 'pass', evidence: '1 route that answers' },
    ]);
  });

  test.each([
    ['with nothing at port 80', null, 'ECONNREFUSED'],
    ['in plain text', answering(200), 'port 80 answers 200'],
    [
      'to elsewhere',
      answering(301, { location: 'https://elsewhere.example/' }),
      'to https://elsewhere.example/',
    ],
  ])('%s is not led to HTTPS', async (_, listener, why) => {
    if (listener !== null) await serve(createPlain(listener), 80);
    expect(await checkRedirect(site.look)).toEqual({
      result: 'fail',
      evidence: expect.stringMatching(new RegExp(`^${HOST}: .*${why}`)),
    });
  });

  test.each([404, 502])('that answers %d fails', async (status) => {
    await secure(status);
    expect(await checkRoutes(site.look)).toEqual({ result: 'fail', evidence: `${HOST}: answers ${status}` });
  });

  test.each([
    ['that has ended', HOST, () => Date.now() - 40 * DAY, 'its certificate ends 20'],
    ['that ends within a week', HOST, () => Date.now() - 25 * DAY, 'its certificate ends 20'],
    ['of another host', 'blog.box.home.arpa', Date.now, 'blog.box.home.arpa'],
  ])('a certificate %s fails', async (_, host, wall, why) => {
    await secure(200, host, wall);
    const { result, evidence } = await checkCertificates(site.look);
    expect([result, evidence]).toEqual(['fail', expect.stringContaining(why)]);
  });

  test('a certificate of another authority fails', async () => {
    const other = await startTestApi(() => undefined);
    const authority = other.board.get('authority');
    const foreign = new ServerAuthority(other.board.paths.pki, authority, 'box.home.arpa', Date.now);
    const { key, certificate: cert } = await foreign.issue([HOST]);
    await serve(createSecure({ key, cert }, answering(200)), 443);
    const { result, evidence } = await checkCertificates(site.look);
    expect([result, evidence]).toEqual([
      'fail',
      expect.stringContaining("its certificate is not the box's: "),
    ]);
    await other.close();
  });
});

/** In the place of Traefik and of the login. */
describe('a route behind a login', () => {
  const login = 'login.box.home.arpa';
  const provider = {
    ...{ issuer: `https://${login}`, authorization_endpoint: `https://${login}/auth` },
    ...{ token_endpoint: `https://${login}/token`, jwks_uri: `https://${login}/jwks` },
  };
  /** What each path of the login answers, and the app, to who is not logged in. */
  const serving = async (pages: Record<string, unknown>, status: number, location: string) => {
    const authority = site.box.board.get('authority');
    const own = new ServerAuthority(site.box.board.paths.pki, authority, 'box.home.arpa', Date.now);
    const { key, certificate: cert } = await own.issue([login]);
    const server = createSecure({ key, cert }, ({ headers, url = '' }, answer) => {
      if (headers.host !== login) return answer.writeHead(status, { location }).end();
      return answer.writeHead(url in pages ? 200 : 404).end(JSON.stringify(pages[url]));
    });
    await listen(server, 443, site.nodeAddress, signal);
    onTestFinished(() => void server.close());
  };
  const whole = { '/.well-known/openid-configuration': provider, '/jwks': { keys: [{ kty: 'EC' }] } };

  beforeAll(async () => {
    await site.kube.client.merge(`${networking}/namespaces/shop/ingresses/shop`, {
      metadata: { annotations: { 'traefik.ingress.kubernetes.io/router.middlewares': 'sso@file' } },
    });
  });

  test('passes where nobody gets in without one, and the login says where it is', async () => {
    await serving(whole, 302, `https://${login}/auth?client_id=routes`);
    expect([await checkAnonymous(site.look), await checkDiscovery(site.look)]).toEqual([
      { result: 'pass', evidence: '1 route led to the login' },
      { result: 'pass', evidence: `https://${login} names its endpoints and 1 key` },
    ]);
  });

  test.each([
    [200, ''],
    [302, 'https://login.elsewhere.example/'],
    [403, ''],
  ])('fails where somebody else gets %d %s', async (status, location) => {
    await serving(whole, status, location);
    expect(await checkAnonymous(site.look)).toEqual({
      result: 'fail',
      evidence: `${HOST}: answers ${status} to somebody who is not logged in`,
    });
  });

  test('that Traefik does not have yet is asked again, for as long as it is said', async () => {
    const pages: Record<string, unknown> = {};
    await serving(pages, 302, '');
    const asked = settling(checkDiscovery)(site.look);
    await sleep(1_500);
    Object.assign(pages, whole);
    expect((await asked).result).toBe('pass');
    delete pages['/jwks'];
    const before = performance.now();
    expect(await settling(checkDiscovery, 2_000)(site.look)).toEqual({
      result: 'unknown',
      evidence: '/jwks answers 404',
    });
    expect(performance.now() - before).toBeGreaterThan(2_000);
  });

  const discovery = '/.well-known/openid-configuration';
  test.each([
    ['no document of a provider', { [discovery]: {} }, 'names no OpenID provider'],
    [
      'another issuer',
      { [discovery]: { ...provider, issuer: 'https://x.example' } },
      'says that it is https://x.',
    ],
    [
      'keys elsewhere',
      { [discovery]: { ...provider, jwks_uri: 'https://x.example/jwks' } },
      'are at x.example',
    ],
    ['no key', { ...whole, '/jwks': { keys: [] } }, 'has no key'],
  ])('fails where the login has %s', async (_, pages, why) => {
    await serving(pages, 302, '');
    const { result, evidence } = await checkDiscovery(site.look);
    expect([result, evidence]).toEqual(['fail', expect.stringContaining(why)]);
  });
});
