import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect } from 'vitest';
import type { TestApi } from '../../support/api.ts';
import { serious } from '../../support/console/axe.ts';
import { browsing, looked } from '../../support/console/looking.ts';
import { type Look, picture, type View } from '../../support/console/view.ts';
import { EnrollBox, inventory } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';

const shown = browsing();

/** Two machines that ask: one as others do, one that calls itself what no machine is called. */
async function prepare(api: TestApi): Promise<void> {
  const box = new EnrollBox(api);
  for (const [name, kernel] of [
    ['worker-1', inventory.kernel],
    ['worker-2', '<img src=x onerror=alert(1)>'],
  ] as const) {
    const machine = await Machine.make(box);
    const request = requestOf(machine, null, { name, inventory: { ...inventory, kernel } });
    expect((await machine.post('/v1/enroll', request)).status).toBe(202);
  }
}

async function viewing(look: Look, work: (view: View) => Promise<void>): Promise<void> {
  await shown('ready', { operator: true, prepare, ...look }, async (view) => {
    await view.page.getByRole('button', { name: 'Show who asks to join' }).click();
    await work(view);
  });
}

const stateOf = (api: TestApi, name: string) =>
  api.board
    .peek('enrollment')
    ?.list()
    .nodes.find((node) => node.name === name)?.state;

describe.each(['light', 'dark'] as const)('in %s', (scheme) => {
  looked('who asks is shown with its key, and nothing serious for axe', async () => {
    await viewing({ scheme }, async ({ page, complaints }) => {
      await page.getByText('2 machines ask to join').waitFor();
      expect(await page.getByRole('article', { name: 'request of worker-1' }).innerText()).toMatch(
        /Its key: (?:[0-9a-f]{4} ){15}[0-9a-f]{4}/,
      );
      expect(await page.locator('main img, main script').count()).toBe(0);
      expect(await serious(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.locator('#nodes').scrollIntoViewIfNeeded();
      await picture(page, `console-members-${scheme}`);
    });
  });
});

looked(
  'nobody is approved before a person says that the keys are the same; the reason is written down',
  async () => {
    await viewing({}, async ({ page, api }) => {
      const approve = page.getByRole('button', { name: 'Approve worker-1' });
      await approve.waitFor();
      expect(await approve.isDisabled()).toBe(true);
      const request = page.getByRole('article', { name: 'request of worker-1' });
      await request.getByLabel('The machine itself shows this key.').check();
      await request.getByLabel('Reason').fill('rack 4');
      await approve.click();
      await page.locator('#membersKnown').getByText('approved').waitFor();
      expect(stateOf(api, 'worker-1')).toBe('approved');
      const { entries } = await api.audit.read(0);
      expect(entries.findLast(({ action }) => action === 'approve')).toMatchObject({
        who: { name: 'alice' },
        detail: expect.stringContaining('rack 4'),
      });
      await page.getByRole('button', { name: 'Deny worker-2' }).click();
      await page.locator('#membersPending').getByText('Nobody asks to join.').waitFor();
      expect(stateOf(api, 'worker-2')).toBe('denied');
    });
  },
);

looked('a request that was decided elsewhere meanwhile is told as such', async () => {
  await viewing({}, async ({ page, api }) => {
    const request = page.getByRole('article', { name: 'request of worker-1' });
    await request.waitFor();
    const enrollment = api.board.peek('enrollment');
    const node = enrollment?.list().nodes.find(({ name }) => name === 'worker-1');
    await enrollment?.deny({
      id: node?.id ?? '',
      reason: 'no',
      who: { name: 'bob', fingerprint: 'AB' } as never,
    });
    await request.getByRole('checkbox').check();
    await request.getByRole('button', { name: 'Approve' }).click();
    await page
      .getByText(/denied/)
      .first()
      .waitFor();
    expect(stateOf(api, 'worker-1')).toBe('denied');
  });
});

looked('a page of another site approves nobody, though the browser shows the certificate', async () => {
  await viewing({}, async ({ page, api }) => {
    await page.getByText('2 machines ask to join').waitFor();
    const enrollment = api.board.peek('enrollment');
    const [node] = enrollment?.list().nodes ?? [];
    const elsewhere = createServer((_, answer) => answer.end('<title>elsewhere</title>'));
    await new Promise<void>((done) => elsewhere.listen(0, '127.0.0.1', done));
    try {
      await page.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
      const url = `${api.url}/v1/nodes/${node?.id}/approve`;
      const body = JSON.stringify({ request: node?.request, reason: '' });
      const options = `{ method: 'POST', mode: 'no-cors', credentials: 'include', body: ${JSON.stringify(body)} }`;
      await page.evaluate(`fetch(${JSON.stringify(url)}, ${options}).then(() => 'sent')`);
      expect(stateOf(api, node?.name ?? '')).toBe('pending');
    } finally {
      elsewhere.close();
    }
  });
});

looked('who shows no certificate is told how, and is shown nobody', async () => {
  await viewing({ operator: false }, async ({ page }) => {
    await page.getByText('Only operators may see').waitFor();
    expect(await page.locator('#membersPending article').count()).toBe(0);
    expect(await serious(page)).toEqual([]);
  });
});

looked('a telephone shows it without scrolling sideways', async () => {
  await viewing({ width: 390, height: 844 }, async ({ page }) => {
    await page.getByText('2 machines ask to join').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });
});
