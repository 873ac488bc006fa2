import { afterAll, beforeAll, expect, test } from 'vitest';
import { DashboardDataSchema, DashboardListSchema } from '../../../contract/dashboard.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';
import { waving } from '../../support/console/dashboards.ts';

let api: TestApi;
const get = async ({ url, identity }: TestApi, path: string) =>
  await ask(url + path, { ca: identity.certificate });
beforeAll(async () => {
  api = await startTestApi(() => undefined, { dashboards: waving });
});
afterAll(() => api.close());

test('the list names each dashboard, and each can be had', async () => {
  const { status, body } = await get(api, '/v1/dashboards');
  expect(status).toBe(200);
  const { dashboards } = DashboardListSchema.parse(JSON.parse(body.toString()));
  expect(dashboards.map(({ title }) => title).toSorted()).toEqual(['Cluster', 'Logs', 'Network', 'Nodes']);
  for (const { uid } of dashboards) {
    const answer = await get(api, `/v1/dashboard?uid=${uid}&hours=24`);
    expect(DashboardDataSchema.parse(JSON.parse(answer.body.toString()))).toMatchObject({ uid, step: 720 });
  }
});

test.each([
  ['a dashboard that is not there', '/v1/dashboard?uid=other&hours=6', 404],
  ['no dashboard', '/v1/dashboard', 404],
  ['a span that nobody offers', '/v1/dashboard?uid=cpiab-nodes&hours=100000', 400],
  ['a query of his own', '/v1/dashboard?uid=up&expr=up', 404],
])('%s', async (_, path, status) => {
  expect((await get(api, path)).status).toBe(status);
});

test('a box without a cluster has none yet', async () => {
  const none = async () => undefined;
  const booting = await startTestApi(() => undefined, { dashboards: { list: none, data: none } });
  try {
    expect((await get(booting, '/v1/dashboards')).status).toBe(503);
    expect((await get(booting, '/v1/dashboard?uid=cpiab-nodes')).status).toBe(503);
  } finally {
    await booting.close();
  }
});
