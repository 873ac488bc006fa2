import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestBrowser } from '../../support/sso/browser.ts';
import { startLogin, type TestLogin } from '../../support/sso/login.ts';

const host = 'notes.box.home.arpa';
const app = `https://${host}`;

let login: TestLogin;
beforeAll(async () => {
  login = await startLogin();
});
afterAll(async () => login?.close());

const from = (address: string) => new TestBrowser(login, address);

/** A login up to its last step. @returns what the provider sends the browser to. */
async function upToCallback(browser: TestBrowser, url = `${app}/`): Promise<URL> {
  const page = await browser.open(url);
  let seen = await browser.ask(page.url, { form: { name: 'ada', password: login.password } });
  while (!String(seen.headers['location']).startsWith(app))
    seen = await browser.ask(new URL(String(seen.headers['location']), seen.url));
  return new URL(String(seen.headers['location']));
}

const cookieAfter = (browser: TestBrowser) => browser.cookie(host, '__Host-sso');

describe('cookies', () => {
  test('a made-up session lets nobody in', async () => {
    const browser = from('192.0.2.1');
    browser.setCookie(host, '__Host-sso', Buffer.alloc(32).toString('base64url'));
    expect((await browser.ask(`${app}/`)).status).toBe(302);
  });

  test('a made-up session of the login, or one whose signature is another, asks for a password', async () => {
    const browser = from('192.0.2.1');
    await browser.signIn(`${app}/`, 'ada', login.password);
    const id = browser.cookie('login.box.home.arpa', '__Host-session') ?? '';
    const forged = from('192.0.2.1');
    forged.setCookie('login.box.home.arpa', '__Host-session', id);
    forged.setCookie('login.box.home.arpa', '__Host-session.sig', 'A'.repeat(27));
    expect((await forged.open(`${app}/`)).text).toContain('<h1>Sign in</h1>');
  });

  test('an attempt of another host, or a changed one, is none', async () => {
    const browser = from('192.0.2.1');
    const callback = await upToCallback(browser);
    const attempt = browser.cookie(host, '__Host-sso-attempt') ?? '';
    const there = new URL(callback);
    there.host = 'files.box.home.arpa';
    browser.setCookie(there.host, '__Host-sso-attempt', attempt);
    expect((await browser.ask(there)).status).toBe(400);
    browser.setCookie(host, '__Host-sso-attempt', `${attempt.slice(0, -2)}AA`);
    expect((await browser.ask(callback)).status).toBe(400);
    expect(cookieAfter(browser)).toBeUndefined();
  });
});

describe('callbacks', () => {
  test('one with a state that this browser has not begun', async () => {
    const [victim, attacker] = [from('192.0.2.1'), from('192.0.2.2')];
    const callback = await upToCallback(attacker);
    await victim.ask(`${app}/`);
    expect((await victim.ask(callback)).status).toBe(400);
    expect(cookieAfter(victim)).toBeUndefined();
  });

  test('one that has been used', async () => {
    const browser = from('192.0.2.1');
    const callback = await upToCallback(browser);
    const attempt = browser.cookie(host, '__Host-sso-attempt') ?? '';
    expect((await browser.ask(callback)).status).toBe(302);
    const again = from('192.0.2.1');
    expect((await again.ask(callback)).status).toBe(400);
    again.setCookie(host, '__Host-sso-attempt', attempt);
    expect((await again.ask(callback)).status).toBe(400);
    expect(cookieAfter(again)).toBeUndefined();
  });

  test("one with another login's code", async () => {
    const [one, other] = [from('192.0.2.1'), from('192.0.2.2')];
    const foreign = await upToCallback(other);
    const own = await upToCallback(one);
    own.searchParams.set('code', foreign.searchParams.get('code') ?? '');
    expect((await one.ask(own)).status).toBe(400);
    expect(cookieAfter(one)).toBeUndefined();
  });

  test('one that another issuer sent', async () => {
    const browser = from('192.0.2.1');
    const callback = await upToCallback(browser);
    callback.searchParams.set('iss', 'https://other.example.org');
    expect((await browser.ask(callback)).status).toBe(400);
  });
});

describe('ways elsewhere', () => {
  test.each(['//evil.example.org/', '/\\evil.example.org', '/@evil.example.org', '/%0d%0aSet-Cookie:a=b'])(
    'the way back stays at the host: %s',
    async (path) => {
      const browser = from('192.0.2.1');
      const callback = await upToCallback(browser, `${app}${path.replace('\\', '%5C')}`);
      const { headers } = await browser.ask(callback);
      expect(new URL(String(headers['location'])).host).toBe(host);
      expect(String(headers['location'])).not.toMatch(/[\r\n]/);
    },
  );

  test('the provider sends nobody to an address that is not the list', async () => {
    const browser = from('192.0.2.1');
    const { headers } = await browser.ask(`${app}/`);
    const target = new URL(String(headers['location']));
    for (const redirect of ['https://evil.example.org/_sso/callback', `${app}/_sso/callback/..`, `${app}/`]) {
      target.searchParams.set('redirect_uri', redirect);
      const seen = await browser.ask(target);
      expect([seen.status, seen.headers['location']]).toEqual([400, undefined]);
    }
  });

  test('a sign-out leads nowhere else', async () => {
    const seen = await from('192.0.2.1').open(
      `${login.issuer}/session/end?post_logout_redirect_uri=https://evil.example.org/`,
    );
    expect([seen.status, seen.url.origin]).toEqual([200, login.issuer]);
    expect(seen.text).not.toContain('evil');
  });

  test('a login without PKCE is none', async () => {
    const browser = from('192.0.2.1');
    const { headers } = await browser.ask(`${app}/`);
    const target = new URL(String(headers['location']));
    target.searchParams.delete('code_challenge');
    target.searchParams.delete('code_challenge_method');
    const location = new URL(String((await browser.ask(target)).headers['location']));
    expect(location.searchParams.get('error')).toBe('invalid_request');
  });
});

describe('requests that Traefik asks about', () => {
  test('a host that is not in the list is closed, also for who is logged in', async () => {
    const browser = from('192.0.2.1');
    await browser.signIn(`${app}/`, 'ada', login.password);
    expect((await browser.ask('https://grafana.box.home.arpa/')).status).toBe(403);
  });

  test.each([
    ['over plain HTTP', { 'x-forwarded-proto': 'http' }],
    ['with a host that is none', { 'x-forwarded-host': 'notes.box.home.arpa/@evil.example.org' }],
    ['without a path', { 'x-forwarded-uri': '' }],
    ['with a path that changes the host', { 'x-forwarded-uri': '.evil.example.org/' }],
  ])('one %s', async (_, headers) => {
    expect((await from('192.0.2.1').ask(`${app}/`, { headers })).status).toBe(400);
  });

  test.each([
    ['an upload', { method: 'POST' }],
    ["a script's request", { headers: { 'sec-fetch-mode': 'cors' } }],
    ["an old script's request", { headers: { 'x-requested-with': 'XMLHttpRequest' } }],
  ])('%s is told 401, as it cannot log in', async (_, asking) => {
    const seen = await from('192.0.2.1').ask(`${app}/`, asking);
    expect([seen.status, seen.headers['location']]).toEqual([401, undefined]);
  });
});

describe('passwords', () => {
  const tryOn = async (browser: TestBrowser, page: URL, name: string, password: string) =>
    (await browser.open(page, { form: { name, password } })).status;

  test('a wrong one, a name of nobody and an empty form are told the same', async () => {
    const browser = from('192.0.2.20');
    const { url } = await browser.open(`${app}/`);
    const texts: string[] = [];
    for (const form of [{ name: 'ada', password: 'wrong' }, { name: 'ada', password: '' }, { name: 'ada' }]) {
      const seen = await browser.open(url, { form });
      expect(seen.status).toBe(401);
      texts.push(seen.text);
    }
    const nobody = await browser.open(url, { form: { name: 'nobody', password: login.password } });
    texts.push(nobody.text.replace('nobody', 'ada'));
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain('The user name or the password is not right.');
    expect(texts[0]).not.toContain('wrong');
  });

  test('after five wrong ones for a name the right one is not tried any more; another address may', async () => {
    const browser = from('192.0.2.21');
    const { url } = await browser.open(`${app}/`);
    const wrong = await Promise.all(Array.from({ length: 8 }, () => tryOn(browser, url, 'brahms', 'wrong')));
    expect(wrong.toSorted()).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    expect(await tryOn(browser, url, 'brahms', login.password)).toBe(429);
    const other = from('192.0.2.22');
    expect((await other.signIn(`${app}/`, 'brahms', login.password)).headers['x-forwarded-user']).toBe(
      'brahms',
    );
    expect(login.logged).toContainEqual({ event: 'sign-in-limited', user: 'brahms', address: '192.0.2.21' });
  });

  test('an address that tries many names is held up for all of them', async () => {
    const browser = from('192.0.2.23');
    const { url } = await browser.open(`${app}/`);
    for (let name = 0; name < 30; name++) expect(await tryOn(browser, url, `user${name}`, 'x')).toBe(401);
    expect(await tryOn(browser, url, 'ada', login.password)).toBe(429);
  });

  test('what a person typed is shown as text', async () => {
    const browser = from('192.0.2.24');
    const { url } = await browser.open(`${app}/`);
    const { text } = await browser.open(url, { form: { name: '"><b>', password: 'x' } });
    expect(text).toContain('value="&quot;&gt;&lt;b&gt;"');
  });

  test('a form that nobody opened is no login', async () => {
    const browser = from('192.0.2.25');
    const { url } = await from('192.0.2.25').open(`${app}/`);
    const seen = await browser.open(url, { form: { name: 'ada', password: login.password } });
    expect([seen.status, seen.text.includes('too old')]).toEqual([400, true]);
  });
});
