import { expect, test } from 'vitest';
import { drawScreen } from '../../../agent/console/screen.ts';
import { findChromium, openBrowser } from '../../support/console/browser.ts';
import { scenes } from '../../support/console/scenes.ts';
import { picture } from '../../support/console/view.ts';

const chromium = await findChromium();

test.skipIf(chromium === undefined).each(['ready', 'stopped'])("the box's own screen, %s", async (name) => {
  const { report } = scenes[name]?.() ?? expect.unreachable();
  report.set({ fingerprint: '4f1c09ab'.repeat(8) });
  const status = report.snapshot();
  const text =
    drawScreen(status, ['https://192.0.2.7:7443'], status.uptimeMs, null).split('\u001b[?25l')[1] ?? '';
  const browser = await openBrowser(chromium ?? '');
  try {
    const page = await browser.newPage({ viewport: { width: 720, height: 480 } });
    await page.setContent(
      '<title>tty1</title><body style="margin:0;background:#000"><pre style="margin:16px;color:#ccc;font:13.5px/1.4 monospace">',
    );
    await page.locator('pre').evaluate((pre, content) => {
      pre.textContent = content;
    }, text);
    await picture(page, `screen-${name}`);
    // 80 columns of 24 lines fit a screen of that size.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(720);
    expect(await page.evaluate('document.documentElement.scrollHeight')).toBe(480);
  } finally {
    await browser.close();
  }
});
