import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { until } from '../../../agent/until.ts';
import { findChromium, openBrowser } from '../../support/console/browser.ts';
import { picture } from '../../support/console/view.ts';
import { keptDirectory } from '../../support/fresh-directory.ts';
import { startLogin, type TestLogin } from '../../support/sso/login.ts';
import { objectsOf, TestTraefik } from '../../support/traefik.ts';

const host = 'syncthing.box.home.arpa';
const chromium = await findChromium();
const looked = test.skipIf(chromium === undefined);
const path = keptDirectory();
const traefik = new TestTraefik();
/** Says who it was told that asks. */
const app = createServer(({ headers, url, method }, outgoing) => {
  outgoing.setHeader('content-type', 'text/html');
  outgoing.end(`<h1>app</h1><p id="seen">${method} ${url} by ${headers['x-forwarded-user']}</p>`);
});
let login: TestLogin;
let browser: Browser | undefined;

beforeAll(async () => {
  await traefik.open();
  login = await startLogin({ hosts: [host] }, '0.0.0.0');
  await new Promise<void>((resolve) => app.listen(0, traefik.address, resolve));
  await traefik.declare('apps/syncthing', await annotations(), (app.address() as AddressInfo).port);
  await traefik.declare('platform/sso', {}, login.loginPort);
  await traefik.start(`--providers.file.filename=${await middlewares()}`);
  const ready = async () => (await traefik.ask(host, '/').catch(() => null))?.status === 302;
  await until(ready, AbortSignal.timeout(90_000));
  if (chromium !== undefined)
    browser = await openBrowser(chromium, [
      `--host-resolver-rules=MAP *.box.home.arpa 127.0.0.1:${traefik.ports.secure}`,
    ]);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  app.close();
  await traefik.close();
});

/** What a site's Flux Kustomization adds to the routes of an app. */
async function annotations(): Promise<Record<string, string>> {
  const [component] = await objectsOf('components/sso/kustomization.yaml');
  return parse(component.patches[0].patch).metadata.annotations;
}

/** Traefik's own middlewares, with the address that the login has here. */
async function middlewares(): Promise<string> {
  const [content] = await objectsOf('platform/traefik/sso/middlewares.yaml');
  content.http.middlewares.sso.forwardAuth.address = `http://127.0.0.1:${login.forwardAuthPort}/`;
  await writeFile(path('middlewares.yaml'), JSON.stringify(content));
  return path('middlewares.yaml');
}

test('who is not logged in is led to the login, and the app hears nothing of it', async () => {
  const { status, headers } = await traefik.ask(host, '/folder?id=3');
  expect([status, new URL(String(headers['location'])).host]).toEqual([302, 'login.box.home.arpa']);
});

test('what a client says of itself does not count', async () => {
  const headers = {
    'x-forwarded-user': 'ada',
    'x-forwarded-host': 'login.box.home.arpa',
    'x-forwarded-uri': '/_sso/callback',
    'x-forwarded-proto': 'http',
  };
  const told = await traefik.ask(host, '/', headers);
  expect(told.status).toBe(302);
  const target = new URL(String(told.headers['location']));
  expect(target.searchParams.get('redirect_uri')).toBe(`https://${host}/_sso/callback`);
});

test('OpenID Connect is discovered by its own route', async () => {
  const { status, text } = await traefik.ask('login.box.home.arpa', '/.well-known/openid-configuration');
  expect([status, JSON.parse(text).issuer]).toEqual([200, 'https://login.box.home.arpa']);
});

/** A browser's page; whether the root counts, the tests above ask. */
async function openPage(): Promise<Page> {
  if (browser === undefined) throw new Error('no browser');
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  return await context.newPage();
}

looked('a person logs in, uses the app, and logs out', async () => {
  const page = await openPage();
  await page.goto(`https://${host}/folder?id=3`);
  expect(new URL(page.url()).host).toBe('login.box.home.arpa');
  await page.getByLabel('User name').fill('ada');
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  expect(await page.getByRole('alert').innerText()).toContain('is not right');
  await picture(page, 'sso-behind-traefik');
  await page.getByLabel('Password').fill(login.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`https://${host}/folder?id=3`);
  expect(await page.locator('#seen').innerText()).toBe('GET /folder?id=3 by ada');
  expect(await page.evaluate("fetch('/save', { method: 'POST' }).then((answer) => answer.text())")).toContain(
    'POST /save by ada',
  );
  expect(await page.evaluate('document.cookie')).toBe('');
  await page.goto(`https://${host}/_sso/sign-out`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('Signed out').first().waitFor();
  await page.goto(`https://${host}/`);
  expect(new URL(page.url()).host).toBe('login.box.home.arpa');
});

// The last one: it ends the login.
test('while the login is down, nobody gets in', async () => {
  await login.close();
  expect((await traefik.ask(host, '/')).status).toBeGreaterThanOrEqual(500);
});
