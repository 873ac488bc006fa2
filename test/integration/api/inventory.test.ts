import { afterEach, beforeEach, expect, test } from 'vitest';
import { inventoryPath } from '../../../contract/inventory.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi(() => undefined);
});
afterEach(() => api.close());

const asked = (method: string, identity: object) =>
  ask(api.url + inventoryPath, { ca: api.identity.certificate, method, ...identity });

test('the inventory is for operators, is only read, and may not be there yet', async () => {
  const operator = { cert: api.operator.certificate, key: api.operator.key };
  expect((await asked('GET', {})).status).toBe(403);
  expect((await asked('DELETE', operator)).status).toBe(405);
  const { status, headers, body } = await asked('GET', operator);
  expect([status, headers['retry-after']]).toEqual([503, '5']);
  expect(body.toString()).toContain('has not converged yet, or its site has discover.mode off');
});
