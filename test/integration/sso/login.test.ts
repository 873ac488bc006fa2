import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestBrowser } from '../../support/sso/browser.ts';
import { startLogin, type TestLogin } from '../../support/sso/login.ts';

const notes = 'https://notes.box.home.arpa';
const files = 'https://files.box.home.arpa';

let login: TestLogin;
beforeAll(async () => {
  login = await startLogin();
});
afterAll(async () => login?.close());

/** The name that the app is told, or what stands in the way. */
async function whoAt(browser: TestBrowser, url: string): Promise<string | number> {
  const { status, headers } = await browser.ask(url);
  return String(headers['x-forwarded-user'] ?? status);
}

async function signedIn(at = `${notes}/`, user = 'ada'): Promise<TestBrowser> {
  const browser = new TestBrowser(login);
  await browser.signIn(at, user, login.password);
  return browser;
}

describe('a login', () => {
  test('who is not logged in is led to the login, types name and password, and comes back to where he was', async () => {
    const browser = new TestBrowser(login);
    const page = await browser.open(`${notes}/book?page=3#x`);
    expect([page.status, page.url.origin]).toEqual([200, login.issuer]);
    expect(page.text).toContain('<b>notes.box.home.arpa</b>');
    const back = await browser.open(page.url, { form: { name: ' Ada ', password: login.password } });
    expect([back.status, back.url.href]).toEqual([200, `${notes}/book?page=3`]);
    expect(back.headers['x-forwarded-user']).toBe('ada');
  });

  test('another host is open without a second password, with a session of its own', async () => {
    const browser = await signedIn();
    const seen = await browser.open(`${files}/list`);
    expect([seen.status, seen.url.href, seen.headers['x-forwarded-user']]).toEqual([
      200,
      `${files}/list`,
      'ada',
    ]);
    const [one, other] = ['notes', 'files'].map((name) =>
      browser.cookie(`${name}.box.home.arpa`, '__Host-sso'),
    );
    expect(one).not.toBe(other);
    browser.setCookie('files.box.home.arpa', '__Host-sso', one ?? '');
    expect(await whoAt(browser, `${files}/`)).toBe('302');
  });

  test('discovery says what OpenID Connect Discovery 1.0 asks for', async () => {
    const { status, text } = await new TestBrowser(login).ask(
      `${login.issuer}/.well-known/openid-configuration`,
    );
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      issuer: login.issuer,
      authorization_endpoint: `${login.issuer}/auth`,
      token_endpoint: `${login.issuer}/token`,
      jwks_uri: `${login.issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: expect.arrayContaining(['ES256']),
      code_challenge_methods_supported: ['S256'],
    });
  });

  test('the login itself has a page, with the way out', async () => {
    const { status, text } = await new TestBrowser(login).ask(`${login.issuer}/`);
    expect([status, text.includes('href="/session/end"')]).toEqual([200, true]);
  });

  test('outlives a restart, without a password', async () => {
    const browser = await signedIn();
    await login.restart();
    expect(await whoAt(browser, `${notes}/`)).toBe('302');
    expect((await browser.open(`${notes}/`)).headers['x-forwarded-user']).toBe('ada');
  });

  test('cookies are for one host, over TLS, not for scripts and not for other sites', async () => {
    const browser = new TestBrowser(login);
    const lines: string[] = [];
    let seen = await browser.ask(`${notes}/`);
    const follow = async () => {
      lines.push(...[seen.headers['set-cookie'] ?? []].flat());
      const to = new URL(String(seen.headers['location']), seen.url);
      seen = await browser.ask(to);
    };
    while (seen.headers['location'] !== undefined) await follow();
    seen = await browser.ask(seen.url, { form: { name: 'ada', password: login.password } });
    while (seen.headers['location'] !== undefined) await follow();
    expect(lines.map((line) => line.split('=')[0])).toEqual(
      expect.arrayContaining(['__Host-sso', '__Host-sso-attempt', '__Host-session', '__Secure-interaction']),
    );
    for (const line of lines) {
      expect(line).toMatch(/; secure/i);
      expect(line).toMatch(/; httponly/i);
      expect(line).toMatch(/; samesite=lax/i);
      expect(line).not.toMatch(/domain=/i);
    }
  });

  test('pages load nothing and stand in no frame', async () => {
    const { headers, text } = await new TestBrowser(login).open(`${notes}/`);
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(text).not.toMatch(/(src|href)=/);
  });
});

describe('a sign-out', () => {
  test('ends this host at once, and the login when the person says so', async () => {
    const browser = await signedIn();
    const asked = await browser.open(`${notes}/_sso/sign-out`);
    expect(asked.text).toContain('Sign out?');
    const xsrf = /name="xsrf" value="(?<xsrf>[^"]+)"/.exec(asked.text)?.groups?.['xsrf'] ?? '';
    const out = await browser.open(`${login.issuer}/session/end/confirm`, { form: { xsrf, logout: 'yes' } });
    expect(out.text).toContain('Signed out');
    expect((await browser.open(`${notes}/`)).text).toContain('<h1>Sign in</h1>');
  });

  test('is not made by another site', async () => {
    const browser = await signedIn();
    await browser.open(`${notes}/_sso/sign-out`);
    const form = { xsrf: 'made-up', logout: 'yes' };
    expect((await browser.open(`${login.issuer}/session/end/confirm`, { form })).status).toBe(400);
    expect((await browser.open(`${notes}/`)).headers['x-forwarded-user']).toBe('ada');
  });
});

describe('time', () => {
  test('a session ends, and with it the login', async () => {
    const short = await startLogin({ sessionSeconds: 3 });
    try {
      const browser = new TestBrowser(short);
      await browser.signIn(`${notes}/`, 'ada', short.password);
      expect(await whoAt(browser, `${notes}/`)).toBe('ada');
      await sleep(4500);
      expect((await browser.open(`${notes}/`)).text).toContain('<h1>Sign in</h1>');
    } finally {
      await short.close();
    }
  });

  test('a user who is removed, and one who left elsewhere, are out at the next check', async () => {
    const quick = await startLogin({ recheckSeconds: 1 });
    try {
      const [ada, brahms] = [new TestBrowser(quick), new TestBrowser(quick)];
      await ada.signIn(`${notes}/`, 'ada', quick.password);
      await brahms.signIn(`${notes}/`, 'brahms', quick.password);
      await brahms.open(`${files}/`);
      await sleep(1100);
      expect([await whoAt(ada, `${notes}/`), await whoAt(brahms, `${files}/`)]).toEqual(['ada', 'brahms']);
      await quick.declare(['brahms']);
      const asked = await brahms.open(`${notes}/_sso/sign-out`);
      const xsrf = /name="xsrf" value="(?<xsrf>[^"]+)"/.exec(asked.text)?.groups?.['xsrf'] ?? '';
      await brahms.open(`${quick.issuer}/session/end/confirm`, { form: { xsrf, logout: 'yes' } });
      await sleep(1100);
      expect([await whoAt(ada, `${notes}/`), await whoAt(brahms, `${files}/`)]).toEqual(['302', '302']);
      const again = await ada.open(`${notes}/`);
      expect(again.text).toContain('<h1>Sign in</h1>');
    } finally {
      await quick.close();
    }
  });
});
