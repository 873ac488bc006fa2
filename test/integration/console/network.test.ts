import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { selfOf } from '../../../agent/discover/discover.ts';
import { Discovery } from '../../../agent/discover/discovery.ts';
import { InventoryStore } from '../../../agent/discover/store.ts';
import { DiscoverPolicySchema } from '../../../contract/discover-policy.ts';
import type { Host } from '../../../contract/inventory.ts';
import type { TestApi } from '../../support/api.ts';
import { serious } from '../../support/console/axe.ts';
import { browsing, looked } from '../../support/console/looking.ts';
import { type Look, picture, type View } from '../../support/console/view.ts';

const shown = browsing();

const time = '2026-11-22T04:20:51.000Z';
const evil = '<img src=x onerror=alert(1)>';
const names = ['nas', 'pve1', 'printer', 'desk', '', 'gateway', evil];

function host(index: number, name: string): Host {
  const mac = `00:11:32:00:00:${String(index + 10)}`;
  const claim = { protocol: 'tcp', source: 'mdns', confidence: 'claimed', detail: '' } as const;
  return {
    ...{ id: `mac:${mac}`, mac, link: index === 5 ? 'eth1' : 'eth0', firstSeen: time, lastSeen: time },
    ...{ addresses: [`192.168.1.${index + 10}`], names: name === '' ? [] : [name], evidence: ['arp'] },
    services:
      index % 2 === 0
        ? [
            { ...claim, name: 'nfs', port: 2049 },
            { ...claim, name: 'ssh', port: 22 },
          ]
        : [],
    state: index === 3 ? 'not-seen' : 'seen',
  };
}

/** A box that has looked around before it was started anew. */
async function prepare(api: TestApi): Promise<void> {
  const directory = join(api.directory, 'inventory');
  const { store } = await InventoryStore.open(directory);
  await store.compact({ hosts: names.map((name, index) => host(index, name)), events: [] });
  const propose = [{ name: 'storage', propose: 'nfs', when: { name: 'nas' } }];
  const policy = DiscoverPolicySchema.parse({ mode: 'active', propose });
  api.board.put(
    'discovery',
    await Discovery.open({ policy, self: selfOf(api.board), directory, wall: Date.now, complain: () => {} }),
  );
}

async function viewing(look: Look, work: (view: View) => Promise<void>): Promise<void> {
  await shown('ready', look, async (view) => {
    await view.page.getByRole('button', { name: 'Show what stands around the box' }).click();
    await work(view);
  });
}

describe.each(['light', 'dark'] as const)('in %s', (scheme) => {
  looked(
    'an operator sees hosts by link, as a picture and as a table, and nothing serious for axe',
    async () => {
      await viewing({ scheme, operator: true, prepare }, async ({ page, api, asked, complaints }) => {
        await page.locator('#networkHosts table').waitFor();
        expect(await page.locator('#networkPicture a').count()).toBe(7);
        const links = await page.locator('#networkPicture .link').allTextContents();
        expect(links.map((text) => text.trim())).toEqual(['eth0', 'eth1']);
        expect(await page.locator('#networkProposals').innerText()).toContain('192.168.1.10:2049');
        expect(await serious(page)).toEqual([]);
        expect(complaints).toEqual([]);
        expect(asked.filter((url) => new URL(url).origin !== api.url)).toEqual([]);
        await page.locator('#network').scrollIntoViewIfNeeded();
        await picture(page, `console-network-${scheme}`);
      });
    },
  );
});

looked('the keyboard leads from a host in the picture to its row, and shows where it is', async () => {
  await viewing({ operator: true, prepare }, async ({ page }) => {
    const first = page.locator('#networkPicture a').first();
    await first.waitFor();
    expect(await first.textContent()).toBe('nas192.168.1.10 nfs ssh');
    await page.locator('#networkPicture .network').focus();
    await page.keyboard.press('Tab');
    const style = 'getComputedStyle(document.activeElement).outlineStyle';
    expect(await page.evaluate(`[document.activeElement.tagName, ${style}].join(' ')`)).toBe('a solid');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(`[document.activeElement.textContent, ${style}].join(' ')`)).toBe(
      '192.168.1.10 solid',
    );
  });
});

looked('a host that is not seen is told by words and a broken line, not by colour alone', async () => {
  await viewing({ operator: true, prepare }, async ({ page }) => {
    const silent = page.locator('#networkPicture .not-seen');
    await silent.waitFor();
    expect(await silent.textContent()).toContain('not seen');
    expect(
      await silent.locator('rect').evaluate('(rect) => getComputedStyle(rect).strokeDasharray'),
    ).not.toBe('none');
  });
});

looked('what a host calls itself stays text', async () => {
  await viewing({ operator: true, prepare }, async ({ page, complaints }) => {
    await page.getByText('onerror=alert(1)').first().waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});

looked('who shows no certificate is told how, and is shown nobody', async () => {
  await viewing({ prepare }, async ({ page }) => {
    await page.getByText('Only operators may see').waitFor();
    expect(await page.locator('#networkSaid').innerText()).toContain('openssl pkcs12 -export');
    expect(await page.locator('#networkHosts table, #networkPicture svg').count()).toBe(0);
    expect(await serious(page)).toEqual([]);
  });
});

looked('a telephone shows it without scrolling sideways', async () => {
  await viewing({ operator: true, prepare, width: 390, height: 844 }, async ({ page }) => {
    await page.locator('#networkHosts table').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await serious(page)).toEqual([]);
  });
});
