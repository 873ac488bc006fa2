import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { findChromium, openBrowser } from './browser.ts';
import { type Look, openView, type View } from './view.ts';

const chromium = await findChromium();

/** A test that needs a browser. */
export const looked = test.skipIf(chromium === undefined);

/** One browser for the tests of a file. @returns shows a box in a scene to some work. */
export function browsing(): (
  scene: string,
  look: Look,
  work: (view: View) => Promise<void>,
) => Promise<void> {
  let browser: Browser;
  beforeAll(async () => {
    if (chromium !== undefined) browser = await openBrowser(chromium);
  });
  afterAll(async () => browser?.close());
  return async (scene, look, work) => {
    const view = await openView(browser, scene, look);
    try {
      await work(view);
    } finally {
      await view.close();
    }
  };
}
