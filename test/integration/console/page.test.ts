import { describe, expect, test } from 'vitest';
import { nothingDropped } from '../../../contract/firewall.ts';
import { startTestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';
import { serious } from '../../support/console/axe.ts';
import { browsing, looked } from '../../support/console/looking.ts';
import { scenes } from '../../support/console/scenes.ts';
import { picture } from '../../support/console/view.ts';

const viewing = browsing();

describe.each(['light', 'dark'] as const)('in %s', (scheme) => {
  looked.each(Object.keys(scenes))(
    'a box that is %s: nothing serious for axe, nothing from elsewhere',
    async (name) => {
      await viewing(name, { scheme }, async ({ page, api, asked, complaints }) => {
        expect(await serious(page)).toEqual([]);
        expect(complaints).toEqual([]);
        expect(asked.filter((url) => new URL(url).origin !== api.url)).toEqual([]);
        await picture(page, `console-${name.replace(' ', '-')}-${scheme}`);
      });
    },
  );
});

looked('axe would find what is wrong: a text without contrast, a picture without a name', async () => {
  await viewing('ready', {}, async ({ page }) => {
    await page.evaluate(`
      document.getElementById('subline').style.color = '#ddd';
      document.querySelector('.brand img').removeAttribute('alt');
    `);
    expect((await serious(page)).map((found) => found.split(':')[0])).toEqual([
      'color-contrast',
      'image-alt',
    ]);
  });
});

looked('what is wrong and what to do come first, and what is to be typed is marked', async () => {
  await viewing('stopped', {}, async ({ page }) => {
    const text = await page.locator('#overview').innerText();
    expect(text.indexOf('does not match its digest')).toBeLessThan(text.indexOf('Kustomizations'));
    expect(await page.locator('#nextAction code').innerText()).toBe('./cpiab repair');
    expect(await page.title()).toContain('Stopped');
  });
});

looked('the object that holds Flux back is named with its reason, on the overview too', async () => {
  await viewing('held back', {}, async ({ page }) => {
    expect(await page.locator('#held').innerText()).toContain(
      'Pod/syncthing/syncthing-6d9f7c7c9-x2v5k: container syncthing: ImagePullBackOff',
    );
    expect(await page.locator('#blocking li').count()).toBe(2);
    expect(await page.locator('#world').innerText()).toContain('docker.io/library/nginx@sha256:4c0f');
    await page.locator('#git').scrollIntoViewIfNeeded();
  });
});

looked('the keyboard reaches everything, from the skip link on, and always shows where it is', async () => {
  await viewing('ready', {}, async ({ page }) => {
    const order: unknown[] = [];
    for (let press = 0; press < 15; press += 1) {
      await page.keyboard.press('Tab');
      order.push(
        await page.evaluate(`(() => {
          const { activeElement: focus } = document;
          return [focus.textContent.trim().slice(0, 20), getComputedStyle(focus).outlineStyle].join(' ');
        })()`),
      );
    }
    expect(order.slice(0, 4)).toEqual([
      'Skip to the overview solid',
      'CPiaB lab solid',
      'Overview solid',
      'Boot solid',
    ]);
    expect(order.filter((place) => !String(place).endsWith(' solid'))).toEqual([]);
    expect(new Set(order).size).toBe(15);
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('overview');
  });
});

looked('a box that goes away is told with since when, and what was shown stays', async () => {
  await viewing('ready', {}, async ({ page, api }) => {
    await api.close();
    await page.locator('#gone').waitFor({ state: 'visible' });
    expect(await page.locator('#gone').innerText()).toMatch(/not answered since \d.*from then/s);
    expect(await page.locator('#headline').innerText()).toBe('Everything in Git is applied');
    expect(await serious(page)).toEqual([]);
    await picture(page, 'console-gone-light');
  });
});

looked('a change is shown and said once, and nothing else is touched', async () => {
  await viewing('booting', {}, async ({ page, api }) => {
    const row = await page.locator('#steps tbody tr').first().elementHandle();
    api.report.observe({ dropped: { ...nothingDropped, podEgress: 3 } });
    await page.getByText('3 packets tried to leave').waitFor();
    expect(await row?.evaluate((element) => element.isConnected)).toBe(true);
    expect(await page.locator('#said').innerText()).toBe('Starting Kubernetes');
    api.report.failed('engine', { problem: 'etcd does not start', nextAction: 'wait' }, false);
    await page.getByText('Starting Kubernetes: held up').first().waitFor();
    expect(await page.locator('#said').innerText()).toBe('Starting Kubernetes: held up. etcd does not start');
  });
});

looked('a telephone shows it without scrolling sideways', async () => {
  await viewing('held back', { width: 390, height: 844 }, async ({ page }) => {
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await serious(page)).toEqual([]);
    await picture(page, 'console-narrow');
  });
});

looked('markup in what others wrote stays text', async () => {
  await viewing('booting', {}, async ({ page, api, complaints }) => {
    const evil = '<img src=x onerror=alert(1)><script>alert(2)</script></text><svg onload="alert(3)">';
    api.report.progress('engine', evil);
    await page.getByText('onerror=alert(1)').first().waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});

describe('the files', () => {
  test('have a strict policy, a type that counts, and an entity tag that saves sending them again', async () => {
    const api = await startTestApi(() => undefined);
    const { certificate: ca } = api.identity;
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/console/main.js', 'text/javascript; charset=utf-8'],
      ['/console/parts.css', 'text/css; charset=utf-8'],
      ['/console/icon.svg', 'image/svg+xml'],
    ]) {
      const { status, headers, body } = await ask(api.url + path, { ca });
      expect([status, headers['content-type'], headers['x-content-type-options']]).toEqual([
        200,
        type,
        'nosniff',
      ]);
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self';/,
      );
      expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|https?:/);
      expect(body.length).toBeGreaterThan(100);
      const again = await ask(api.url + path, { ca, headers: { 'if-none-match': `${headers['etag']}` } });
      expect([again.status, again.body.length]).toEqual([304, 0]);
    }
    const json = await ask(`${api.url}/v1/status`, { ca });
    expect(json.headers['cache-control']).toBe('no-store');
    for (const path of ['/console/', '/console/../main.ts', '/console/index.html', '/index.html'])
      expect((await ask(api.url + path, { ca })).status).toBe(404);
    await api.close();
  });

  test('name nothing outside of the box', async () => {
    const api = await startTestApi(() => undefined);
    const { certificate: ca } = api.identity;
    const { body } = await ask(`${api.url}/`, { ca });
    const addresses = [...body.toString().matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address);
    expect(addresses.filter((address) => !/^[/#]/.test(address ?? ''))).toEqual([]);
    expect(addresses.length).toBeGreaterThan(8);
    await api.close();
  });
});
