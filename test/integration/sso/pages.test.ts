import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { page as pages, securityHeaders } from '../../../sso/pages.ts';
import { serious } from '../../support/console/axe.ts';
import { findChromium, openBrowser } from '../../support/console/browser.ts';
import { picture } from '../../support/console/view.ts';

const chromium = await findChromium();
const looked = test.skipIf(chromium === undefined);
const issuer = 'https://login.box.home.arpa';
const host = 'notes.box.home.arpa';

const logoutForm = '<form id="op.logoutForm" method="post" action="/session/end/confirm"></form>';
const shown: Record<string, string> = {
  'sign-in': pages.signIn({ host, name: '', problem: null }),
  'sign-in-wrong': pages.signIn({
    host,
    name: 'ada',
    problem: 'The user name or the password is not right.',
  }),
  'sign-out': pages.signOut(logoutForm),
  'signed-out': pages.said({ title: 'Signed out', text: 'Open an app to sign in again.' }),
  refused: pages.said({
    title: 'That did not work',
    text: 'Too old.',
    link: { to: '/', text: 'Sign in again' },
  }),
};

let browser: Browser;
beforeAll(async () => {
  if (chromium !== undefined) browser = await openBrowser(chromium);
});
afterAll(async () => browser?.close());

/** Shows a page with the headers that it is sent with, at a phone's width or a desk's. */
async function open(
  name: string,
  colorScheme: 'light' | 'dark',
  work: (page: Page, complaints: string[]) => Promise<void>,
) {
  const context = await browser.newContext({ colorScheme, viewport: { width: 390, height: 640 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.route('**/*', (route) =>
    route.fulfill({ headers: securityHeaders([host]), contentType: 'text/html', body: shown[name] ?? '' }),
  );
  await page.goto(`${issuer}/${name}`);
  await work(page, complaints);
  await context.close();
}

describe.each(['light', 'dark'] as const)('in %s', (scheme) => {
  looked.each(Object.keys(shown))(
    '%s: nothing serious for axe, and its own policy lets its style through',
    async (name) => {
      await open(name, scheme, async (page, complaints) => {
        expect(await serious(page)).toEqual([]);
        expect(complaints).toEqual([]);
        expect(await page.evaluate("getComputedStyle(document.querySelector('main')).borderTopStyle")).toBe(
          'solid',
        );
        await picture(page, `sso-${name}-${scheme}`);
      });
    },
  );
});

looked('the keyboard is where the next thing is to be typed', async () => {
  const focused = async (name: string) => {
    let id = '';
    await open(name, 'light', async (page) => {
      id = await page.locator(':focus').evaluate((element) => element.id);
    });
    return id;
  };
  expect([await focused('sign-in'), await focused('sign-in-wrong')]).toEqual(['name', 'password']);
});
