import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';
import { drip, hold, quantile, statusTimes } from '../../support/flood.ts';

/** Server, attackers and much else share two cores here, so what it took is printed. Without limits there is no answer at all. */
const BOUND_MS = 5000;

let api: TestApi;
let attack: AbortController;

beforeEach(async () => {
  api = await startTestApi(() => undefined);
  attack = new AbortController();
});
afterEach(async () => {
  attack.abort();
  await api.close();
});

async function expectFast(calls = 60): Promise<void> {
  const times = await statusTimes(api.url, api.identity.certificate, calls);
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
  process.stderr.write(`status call: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms\n`);
  expect(p99).toBeLessThan(BOUND_MS);
}

describe('the status call is answered', () => {
  test('beside 5,000 connections of ten addresses that say nothing', async () => {
    const addresses = Array.from({ length: 10 }, (_, index) => `127.0.0.${index + 2}`);
    const sockets = (await Promise.all(addresses.map((from) => hold(api.port, from, 500)))).flat();
    try {
      await expectFast();
      expect(await api.connections()).toBeLessThanOrEqual(512);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  test('beside a slowloris of 200 connections, even of the same address', async () => {
    const dripping = Promise.all([
      drip(api.port, '127.0.0.2', 100, attack.signal),
      drip(api.port, '127.0.0.1', 100, attack.signal),
    ]);
    await expectFast(10);
    attack.abort();
    await dripping;
  });

  test('to an operator whose address asks without end', async () => {
    const { certificate: cert, key } = api.operator;
    const ca = api.identity.certificate;
    const flood = new Agent({ connect: { ca }, connections: 4 });
    const answers = new Map<number, string | undefined>();
    const flooding = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!attack.signal.aborted) {
          const { statusCode, headers, body } = await flood.request({
            origin: api.url,
            path: '/healthz',
            method: 'GET',
          });
          await body.dump();
          answers.set(statusCode, headers['retry-after']?.toString());
        }
      }),
    );
    while (!answers.has(429)) await sleep(50);
    for (let call = 0; call < 5; call++)
      expect((await ask(`${api.url}/v1/status`, { ca, cert, key })).status).toBe(200);
    attack.abort();
    await flooding;
    await flood.destroy();
    expect([...answers.keys()].toSorted()).toEqual([200, 429]);
    expect(answers.get(429)).toBe('1');
  });
});

describe('a request is refused', () => {
  const refused = async (path: string, more: object = {}) =>
    (await ask(api.url + path, { ca: api.identity.certificate, ...more })).status;

  test('with a target of 3,000 bytes: 414', async () => {
    expect(await refused(`/${'a'.repeat(3000)}`)).toBe(414);
  });
  test('with 20,000 bytes of headers: 431', async () => {
    expect(await refused('/v1/status', { headers: { 'x-large': 'a'.repeat(20_000) } })).toBe(431);
  });
  test.each(['GET', 'POST'])('with a body where none is taken, before it is sent: %s 413', async (method) => {
    const headers = { 'content-length': '1000000000' };
    expect(await refused('/v1/status', { method, headers, unfinished: true })).toBe(413);
  });
  test('in TLS 1.2', async () => {
    const outdated = refused('/v1/status', { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' });
    await expect(outdated).rejects.toThrow(/protocol version/);
  });
  test('without a plain HTTP request ever being answered', async () => {
    const answer = fetch(`http://127.0.0.1:${api.port}/${randomUUID()}`);
    await expect(answer).rejects.toThrow();
  });
});
