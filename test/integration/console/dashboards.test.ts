import { describe, expect } from 'vitest';
import { serious } from '../../support/console/axe.ts';
import { browsing, looked } from '../../support/console/looking.ts';
import { picture } from '../../support/console/view.ts';

const viewing = browsing();

describe.each(['light', 'dark'] as const)('in %s', (scheme) => {
  looked.each(['Cluster', 'Nodes', 'Network'])('dashboard %s: nothing serious for axe', async (title) => {
    await viewing('collecting', { scheme, height: 1400 }, async ({ page, api, asked, complaints }) => {
      await page.getByRole('button', { name: title, exact: true }).click();
      await page.locator('#dashboardPanels article').first().waitFor();
      await page.locator('#dashboards').scrollIntoViewIfNeeded();
      expect(await serious(page)).toEqual([]);
      expect(complaints).toEqual([]);
      expect(asked.filter((url) => new URL(url).origin !== api.url)).toEqual([]);
      await page.evaluate("document.getElementById('dashboards').scrollIntoView()");
      await picture(page, `console-dashboard-${title.toLowerCase()}-${scheme}`);
    });
  });
});

looked(
  'nothing is asked of Prometheus before somebody chooses; then panels are drawn with their series',
  async () => {
    await viewing('collecting', {}, async ({ page, asked }) => {
      const button = page.getByRole('button', { name: 'Nodes', exact: true });
      await button.waitFor();
      expect(asked.filter((url) => url.includes('/v1/dashboard?'))).toEqual([]);
      await button.focus();
      await page.keyboard.press('Enter');
      const panel = page.locator('article', { has: page.getByRole('heading', { name: 'Processors busy' }) });
      await panel.waitFor();
      expect(await button.getAttribute('aria-pressed')).toBe('true');
      expect(await panel.locator('path.trace').count()).toBe(6);
      const chart = panel.getByRole('img');
      expect(await chart.getAttribute('aria-label')).toMatch(
        /^Processors busy: kube-system [\d.]+ %, prometheus/,
      );
      // The box was off for a while: the line is lifted.
      expect((await chart.locator('path.trace').first().getAttribute('d'))?.match(/M/g)).toHaveLength(2);
      expect(await panel.getByRole('row').count()).toBe(4);
      const stat = page.locator('article.stat', { hasText: 'Up for' });
      expect(await stat.innerText()).toContain('15 days');
    });
  },
);

looked('another span, what is empty, and what could not be had', async () => {
  await viewing('collecting', {}, async ({ page, asked }) => {
    await page.getByRole('button', { name: 'Network', exact: true }).click();
    await page.getByRole('button', { name: 'a week' }).click();
    await page.getByText('Network, a week up to').waitFor();
    expect(asked.at(-1)).toMatch(/\/v1\/dashboard\?uid=cpiab-network&hours=168$/);
    expect(await page.getByText('No data.').count()).toBe(1);
    expect(await page.locator('.panel .notice').innerText()).toBe('no endpoints available');
    expect(await page.getByRole('button', { name: '6 hours' }).getAttribute('aria-pressed')).toBe('false');
  });
});

looked('alerts stand before the pictures, as text', async () => {
  await viewing('collecting', {}, async ({ page }) => {
    const rows = await page.locator('#alerts tbody tr').allInnerTexts();
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/DiskReadOnly\s+critical\s+The data partition of cpiab/);
    expect(rows[0]).toContain('docs/operate/alerts.md#diskreadonly');
    expect(rows[1]).toMatch(/MemoryLow\s+silenced\s+<b>4 %<\/b> left/);
  });
});

looked('a site without metrics is told of, and is asked for no dashboard', async () => {
  await viewing('ready', {}, async ({ page }) => {
    await page.getByText('This site has no dashboards').waitFor();
    expect(await page.locator('#alerts').innerText()).toBe('');
  });
});

looked('a telephone shows one panel beside none, and nothing runs over', async () => {
  await viewing('collecting', { width: 380 }, async ({ page }) => {
    await page.getByRole('button', { name: 'Nodes', exact: true }).click();
    await page.locator('#dashboardPanels article').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(380);
    await page.evaluate("document.getElementById('dashboards').scrollIntoView()");
    await picture(page, 'console-dashboard-narrow');
  });
});
