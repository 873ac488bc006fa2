import { createServer } from 'node:https';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { listen } from '../../agent/api/server.ts';
import { ServerAuthority } from '../../agent/pki/server-authority.ts';
import { checkAnonymous, checkDiscovery } from '../../agent/postcheck/login.ts';
import type { Look } from '../../agent/postcheck/look.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { CheckedSite, folder } from '../support/postcheck/checked-site.ts';

/** In the place of Authentik, whose outpost has the app's host: what is before the app answers, not the app. */
const here = keptDirectory();
const site = new CheckedSite(here);
const { signal } = new AbortController();
const networking = '/apis/networking.k8s.io/v1';
const login = 'auth.box.home.arpa';
const app = 'films.box.home.arpa';
const issuer = `https://${login}/application/o/films/`;
const provider = {
  ...{ issuer, authorization_endpoint: `https://${login}/application/o/authorize/` },
  ...{ token_endpoint: `https://${login}/application/o/token/`, jwks_uri: `${issuer}jwks/` },
};
const pages: Record<string, unknown> = {
  '/application/o/films/.well-known/openid-configuration': provider,
  '/application/o/films/jwks/': { keys: [{ kty: 'RSA' }] },
};
const start = `https://${app}/outpost.goauthentik.io/start?rd=x`;
const toLogin = { [start]: `${provider.authorization_endpoint}?client_id=films` };
let look: Look;

/** @param led where each address of the app leads. */
const serving = async (led: Record<string, string>) => {
  const authority = site.box.board.get('authority');
  const own = new ServerAuthority(site.box.board.paths.pki, authority, 'box.home.arpa', Date.now);
  const { key, certificate: cert } = await own.issue([login, app]);
  const answers = (host: string, url: string) => {
    if (host === login) return url in pages ? { status: 200 } : { status: 404 };
    const location = led[`https://${app}${url}`];
    return location === undefined ? { status: 200 } : { status: 302, headers: { location } };
  };
  const server = createServer({ key, cert }, ({ headers: { host = '' }, url = '' }, answer) => {
    const { status, headers } = answers(host, url);
    answer.writeHead(status, headers).end(JSON.stringify(pages[url]));
  });
  await listen(server, 443, site.nodeAddress, signal);
  onTestFinished(() => void server.close());
};

beforeAll(async () => {
  await site.open();
  await site.kube.client.create(`${networking}/ingressclasses`, {
    metadata: { name: 'traefik' },
    spec: { controller: 'traefik.io/ingress-controller' },
  });
  const host = (name: string) => {
    const backend = { service: { name: 'guard', port: { number: 80 } } };
    return { host: name, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } };
  };
  await site.kube.namespace('guard', []);
  await site.kube.client.create(`${networking}/namespaces/guard/ingresses`, {
    metadata: { name: 'guard', labels: { 'cpiab.dev/certificate': 'box' } },
    spec: { ingressClassName: 'traefik', rules: [host(login), host(app)] },
  });
  const yaml = {
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'App', name: 'guard', title: 'Guard', owner: 'access' },
    ...{ bundle: 'core', supply: 'upstream', health: { deployment: 'guard' }, internet: 'none' },
    ...{ backup: 'none', login: { host: 'auth', issuers: ['/application/o/films/'] } },
  };
  look = await site.lookAt({ [`${folder('shop')}/app.yaml`]: JSON.stringify(yaml) });
}, 1_800_000);
afterAll(() => site.close());

test('passes where it leads to its own host first, and its provider has its own name', async () => {
  await serving({ [`https://${app}/`]: start, ...toLogin });
  expect([await checkAnonymous(look), await checkDiscovery(look)]).toEqual([
    { result: 'pass', evidence: '1 route led to the login' },
    { result: 'pass', evidence: `${issuer} names its endpoints and 1 key` },
  ]);
});

test.each([
  ['lets in who has not logged in', {}, 200],
  ['leads to a page of the app', { [`https://${app}/`]: `https://${app}/login` }, 200],
  ['leads elsewhere', { [`https://${app}/`]: 'https://auth.elsewhere.example/' }, 302],
  ['leads on without end', { [`https://${app}/`]: `https://${app}/` }, 302],
])('fails where it %s', async (_, led, status) => {
  await serving(led);
  expect(await checkAnonymous(look)).toEqual({
    result: 'fail',
    evidence: `${app}: answers ${status} to somebody who is not logged in`,
  });
});

test('fails where its provider has another name', async () => {
  const { issuer: kept } = provider;
  provider.issuer = `https://${login}/`;
  await serving({});
  expect(await checkDiscovery(look)).toEqual({
    result: 'fail',
    evidence: `${issuer} says that it is https://${login}/`,
  });
  provider.issuer = kept;
});
