import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../agent/until.ts';
import { TestTraefik } from '../../support/traefik.ts';

const host = 'syncthing.box.home.arpa';
const traefik = new TestTraefik();
const app = createServer((incoming, outgoing) => outgoing.end(`app at ${incoming.url}`));
const ask = (name: string) => traefik.ask(name, '/a');

beforeAll(async () => {
  await traefik.open();
  await new Promise<void>((resolve) => app.listen(0, traefik.address, resolve));
  await traefik.declare('apps/syncthing', {}, (app.address() as AddressInfo).port);
  await traefik.start();
  await until(async () => (await ask(host).catch(() => null))?.status === 200, AbortSignal.timeout(90_000));
}, 240_000);

afterAll(async () => {
  app.close();
  await traefik.close();
});

test("a client that trusts the box's root reaches the app by its route", async () => {
  expect(await ask(host)).toMatchObject({ status: 200, text: 'app at /a' });
});

test('a name that nobody has a route for is not certified', async () => {
  await expect(ask('other.box.home.arpa')).rejects.toThrow();
});

test('port 80 leads to port 443 of the same name', async () => {
  const at = `http://127.0.0.1:${traefik.ports.web}/a?b=c`;
  const { status, headers } = await fetch(at, { redirect: 'manual' });
  expect([status, headers.get('location')]).toEqual([301, 'https://127.0.0.1/a?b=c']);
});

test('it is ready, and tells its metrics', async () => {
  const at = (path: string) => fetch(`http://127.0.0.1:${traefik.ports.admin}${path}`);
  expect((await at('/ping')).status).toBe(200);
  expect(await (await at('/metrics')).text()).toContain('traefik_config_reloads_total');
});
