import { chmod, writeFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { findCredentials } from '../../../builder/registry/credentials.ts';
import { resolveImage } from '../../../builder/registry/manifests.ts';
import { Registry } from '../../../builder/registry/registry.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';
import { startTokenServer, type TokenServer } from '../../support/registry/token-server.ts';

const path = freshDirectory();
const { signal } = new AbortController();
const login = { user: 'alice', password: 'a:colon and ümlaut' };
const reference = { host: 'ghcr.io', repository: 'team/app', tag: '1.0' };
let running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((server) => server.stop()));
  running = [];
  vi.unstubAllEnvs();
});

const started = <Server extends { stop(): Promise<void> }>(server: Server): Server => {
  running.push(server);
  return server;
};

/** Writes a login file as `docker login` does. */
async function loggedIn(content: object): Promise<string> {
  const file = path('config.json');
  await writeFile(file, JSON.stringify(content));
  return file;
}

const auth = ({ user, password }: typeof login) => Buffer.from(`${user}:${password}`).toString('base64');

function client(registry: TestRegistry, file?: string): Registry {
  const made = new Registry('ghcr.io', {
    bases: [registry.base],
    ...(registry.ca !== undefined && { ca: registry.ca }),
    credentials: async () => await findCredentials('ghcr.io', file === undefined ? [] : [file], signal),
    signal,
    retry: { pauses: [] },
  });
  started({ stop: () => made.close() });
  return made;
}

describe('a registry that wants a name and password', () => {
  test('is read with what `docker login` wrote', async () => {
    const registry = started(await startRegistry(path(), { tls: true, login }));
    const { digest } = await registry.storage.put('team/app:1.0');
    const file = await loggedIn({ auths: { 'ghcr.io': { auth: auth(login) } } });
    expect((await resolveImage(client(registry, file), reference)).top.digest).toBe(digest);
  });

  test('is read with what a credential helper gives, which goes first', async () => {
    const registry = started(await startRegistry(path(), { tls: true, login }));
    const { digest } = await registry.storage.put('team/app:1.0');
    const answer = JSON.stringify({ Username: login.user, Secret: login.password });
    await writeFile(
      path('docker-credential-test'),
      `#!/bin/sh\n[ "$1 $(cat)" = "get ghcr.io" ] && printf '%s' '${answer}'\n`,
    );
    await chmod(path('docker-credential-test'), 0o755);
    vi.stubEnv('PATH', `${path()}${delimiter}${process.env['PATH']}`);
    const file = await loggedIn({
      credHelpers: { 'ghcr.io': 'test' },
      auths: { 'ghcr.io': { auth: 'bm86bm8=' } },
    });
    expect((await resolveImage(client(registry, file), reference)).top.digest).toBe(digest);
  });

  test('refuses a wrong one and none, once each', async () => {
    const registry = started(await startRegistry(path(), { tls: true, login }));
    await registry.storage.put('team/app:1.0');
    const wrong = await loggedIn({ auths: { 'ghcr.io': { auth: auth({ ...login, password: 'wrong' }) } } });
    const refused = await refusal(resolveImage(client(registry, wrong), reference));
    expect(refused.code).toBe('E3012');
    expect(refused.subject).toBe('ghcr.io/team/app');
    const without = await refusal(resolveImage(client(registry), reference));
    expect(without.toText()).toContain('it wants a login');
  });

  test('is not trusted without its authority', async () => {
    const registry = started(await startRegistry(path(), { tls: true, login }));
    const made = new Registry('ghcr.io', { bases: [registry.base], credentials: async () => null, signal });
    started({ stop: () => made.close() });
    expect((await refusal(resolveImage(made, reference))).code).toBe('E3018');
  });
});

describe('a registry that wants tokens', () => {
  const withTokens = async (
    asked: Parameters<typeof startTokenServer>[1],
  ): Promise<[TestRegistry, TokenServer]> => {
    const tokens = started(await startTokenServer(path(), asked));
    return [started(await startRegistry(path(), { tls: true, tokens })), tokens];
  };

  test('gives them to anybody, one for many requests', async () => {
    const [registry, tokens] = await withTokens({});
    const { digest } = await registry.storage.put('team/app:1.0', {
      platforms: ['linux/arm64', 'linux/amd64'],
    });
    const reader = client(registry);
    expect((await resolveImage(reader, reference)).top.digest).toBe(digest);
    await resolveImage(reader, reference);
    expect(tokens.given).toBe(1);
  });

  test('gives them for a name and password, and for an identity token', async () => {
    const [registry, tokens] = await withTokens({ login, identityToken: 'secret-identity' });
    await registry.storage.put('team/app:1.0');
    const named = await loggedIn({ auths: { 'ghcr.io': { auth: auth(login) } } });
    await resolveImage(client(registry, named), reference);
    const token = await loggedIn({ auths: { 'ghcr.io': { identitytoken: 'secret-identity' } } });
    await resolveImage(client(registry, token), reference);
    expect(tokens.given).toBe(2);
    const refused = await refusal(resolveImage(client(registry), reference));
    expect(refused.toText()).toContain('gives no token: status 401');
  });

  test('is asked for a new one when the old one ends', async () => {
    const [registry, tokens] = await withTokens({ lifetime: 1 });
    await registry.storage.put('team/app:1.0');
    const reader = client(registry);
    await resolveImage(reader, reference);
    await resolveImage(reader, reference);
    expect(tokens.given).toBe(2);
  });
});
