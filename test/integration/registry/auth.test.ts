import { chmod, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { delimiter } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { askHelper, type Credentials } from '../../../builder/registry/credential-helper.ts';
import { resolveImage } from '../../../builder/registry/manifests.ts';
import { Registry } from '../../../builder/registry/registry.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import {
  type Answering,
  documents,
  drip,
  endless,
  startHostile,
  types,
} from '../../support/registry/hostile.ts';

const here = freshDirectory();
const { signal } = new AbortController();
const reference = { host: 'ghcr.io', repository: 'team/app', tag: '1.0' };
const LOGIN = { user: 'alice', password: 'secret' };
const BASIC = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
let running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
  vi.unstubAllEnvs();
});

async function server(answer: Answering) {
  const started = await startHostile(answer);
  running.push(started);
  return started;
}

function registryAt(base: URL, credentials: Credentials | null = LOGIN): Registry {
  const options = { bases: [base], signal, retry: { pauses: [1] }, silenceMs: 300 };
  const registry = new Registry('ghcr.io', { ...options, credentials: async () => credentials });
  running.push({ stop: () => registry.close() });
  return registry;
}

const challenge = (outgoing: ServerResponse, header: string) =>
  outgoing.writeHead(401, { 'www-authenticate': header }).end('{}');
const manifest = JSON.stringify({
  schemaVersion: 2,
  config: { mediaType: types.config, digest: `sha256:${'0'.repeat(64)}`, size: 2 },
  layers: [],
});
const image = documents({ '1.0': { type: types.manifest, text: manifest } });

describe('a login', () => {
  test('is shown to the registry, and not to where that redirects', async () => {
    const other = await server(image);
    const registry = await server(({ headers, url }, outgoing) => {
      if (headers.authorization === undefined) challenge(outgoing, 'Basic realm="x"');
      else outgoing.writeHead(307, { location: new URL(url ?? '', other.base).href }).end();
    });
    await resolveImage(registryAt(registry.base), reference);
    expect(registry.requests.at(-1)?.authorization).toBe(BASIC);
    expect(other.requests).toEqual([{ path: '/v2/team/app/manifests/1.0', authorization: undefined }]);
  });

  test('is not shown to somebody else who asks for it', async () => {
    const thief = await server((_, outgoing) => challenge(outgoing, 'Basic realm="yours, please"'));
    const registry = await server((_, outgoing) => {
      outgoing.writeHead(307, { location: `${thief.base.href}v2/` }).end();
    });
    expect((await refusal(resolveImage(registryAt(registry.base), reference))).code).toBe('E3012');
    expect(thief.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test('stays with the registry when it redirects to itself', async () => {
    const registry = await server((incoming, outgoing) => {
      if (incoming.headers.authorization !== BASIC) challenge(outgoing, 'Basic realm="x"');
      else if (incoming.url?.startsWith('/v2/') === true)
        outgoing.writeHead(308, { location: `/moved${incoming.url}` }).end();
      else image(incoming, outgoing);
    });
    expect((await resolveImage(registryAt(registry.base), reference)).layers).toEqual([]);
  });

  test.each([
    ['no login', null, 'Basic realm="x"', 'it wants a login'],
    ['a kind that nobody knows', LOGIN, 'Negotiate', 'another kind of login'],
    ['nothing to answer', LOGIN, '', 'another kind of login'],
    ['a broken challenge', LOGIN, 'Bearer realm="', 'another kind of login'],
  ])('is refused clearly: %s', async (_, credentials, header, message) => {
    const registry = await server((_incoming, outgoing) => challenge(outgoing, header));
    const refused = await refusal(resolveImage(registryAt(registry.base, credentials), reference));
    expect(['E3012', 'E3017']).toContain(refused.code);
    if (refused.code === 'E3012') expect(refused.message).toContain(message);
    expect(refused.toText()).not.toContain(LOGIN.password);
  });
});

describe('a token server', () => {
  const from = async (answer: Answering, credentials: Credentials | null = LOGIN) => {
    const tokens = await server(answer);
    const registry = await server((_, outgoing) =>
      challenge(outgoing, `Bearer realm="${tokens.base.href}token"`),
    );
    return {
      tokens,
      refused: await refusal(resolveImage(registryAt(registry.base, credentials), reference)),
    };
  };

  test.each<[string, string, string, Answering]>([
    ['garbage', 'E3053', 'neither token', (_, outgoing) => outgoing.end('one moment, please')],
    ['a page', 'E3053', 'neither token', (_, outgoing) => outgoing.end('<html>')],
    ['no token', 'E3053', 'neither token', (_, outgoing) => outgoing.end('{}')],
    ['an empty token', 'E3053', 'neither token', (_, outgoing) => outgoing.end('{"token": ""}')],
    [
      'a token of two lines',
      'E3053',
      'neither',
      (_, outgoing) => outgoing.end('{"token": "a\\r\\nX-Evil: b"}'),
    ],
    ['a redirect', 'E3053', 'status 307', (_, outgoing) => outgoing.writeHead(307, { location: '/x' }).end()],
    ['a refusal', 'E3012', 'status 403', (_, outgoing) => outgoing.writeHead(403).end('{}')],
    ['no end', 'E3061', '1048576', (_, outgoing) => endless(outgoing)],
    ['silence', 'E3011', 'does not answer', () => {}],
    ['a byte now and then', 'E3011', 'not whole', (_, outgoing) => drip(outgoing)],
    ['errors', 'E3011', 'answered 500', (_, outgoing) => outgoing.writeHead(500).end()],
  ])('that answers with %s', async (_, code, message, answer) => {
    const { refused } = await from(answer);
    expect([refused.code, refused.exit]).toEqual([code, 1]);
    expect(refused.message).toContain(message);
    expect(refused.toText()).not.toContain(LOGIN.password);
  });

  test('is not followed elsewhere with an identity token', async () => {
    const thief = await server((_, outgoing) => outgoing.end('{"token": "x"}'));
    const lead: Answering = (_, outgoing) => outgoing.writeHead(307, { location: thief.base.href }).end();
    expect((await from(lead, { identityToken: 'secret' })).refused.code).toBe('E3053');
    expect(thief.requests).toEqual([]);
  });

  test('without TLS on another machine gets no login', async () => {
    const registry = await server((_, outgoing) =>
      challenge(outgoing, 'Bearer realm="http://192.0.2.1/token"'),
    );
    const refused = await refusal(resolveImage(registryAt(registry.base), reference));
    expect([refused.code, refused.message]).toEqual([
      'E3017',
      expect.stringContaining('http://192.0.2.1/token'),
    ]);
  });
});

describe('a credential helper', () => {
  test.each([
    ['fails', 'echo alice:secret; exit 1', 'it failed'],
    ['hangs', 'sleep 600', 'it does not answer'],
    ['hangs and leaves a child behind', 'sleep 600 & wait', 'it does not answer'],
    ['prints garbage', 'echo secret', 'its answer is not a login'],
    ['prints another document', 'echo "[]"', 'its answer is not a login'],
    ['prints without end', 'yes secret', 'its answer has no end'],
    ['is no program', '', 'it cannot be started'],
  ])('that %s is named, and nothing shown that it printed', async (_, script, why) => {
    if (script !== '') {
      await writeFile(here('docker-credential-test'), `#!/bin/sh\n${script}\n`);
      await chmod(here('docker-credential-test'), 0o755);
    }
    vi.stubEnv('PATH', `${here()}${delimiter}${process.env['PATH']}`);
    const refused = await refusal(askHelper('test', 'ghcr.io', { signal, timeoutMs: 500 }));
    expect([refused.code, refused.subject]).toEqual(['E3036', 'docker-credential-test']);
    expect(refused.message).toContain(why);
    expect(refused.hint).toContain('printf %s ghcr.io | docker-credential-test get');
    expect(JSON.stringify(refused)).not.toContain('secret');
  });
});
