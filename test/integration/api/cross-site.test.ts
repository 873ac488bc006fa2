import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askPinned } from '../../../host/pinned-https.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi(() => undefined);
});
afterAll(() => api.close());

/** What an operator's client gets, that says where its request comes from. */
async function ask(method: 'GET' | 'POST', origin: string | undefined) {
  const identity = {
    cert: await readFile(api.files.certificate, 'utf8'),
    key: await readFile(api.files.key, 'utf8'),
  };
  const { status, body } = await askPinned(
    new URL('/v1/rollback', api.url),
    { of: 'key', sha256: api.identity.fingerprint },
    {
      ...{ method, identity, signal: AbortSignal.timeout(10_000), timeoutMs: 10_000 },
      headers: origin === undefined ? {} : { origin },
    },
  );
  return { status, said: body.toString('utf8') };
}

test.each(['https://example.org', 'http://127.0.0.1', 'https://127.0.0.1', 'null'])(
  'what a page of %s asks for is not done, whatever certificate the browser shows',
  async (origin) => {
    expect(await ask('POST', origin)).toEqual({
      status: 403,
      said: 'a page of another site asked for this\n',
    });
  },
);

test('the own console, and clients that are no browser, are let through', async () => {
  // This box has no slots to go back to.
  expect((await ask('POST', api.url)).status).toBe(422);
  expect((await ask('POST', undefined)).status).toBe(422);
});
