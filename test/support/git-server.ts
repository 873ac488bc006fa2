import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runBackend } from '../../agent/serve/git/backend.ts';
import { run } from '../../host/process.ts';
import { testCertificate } from './registry/certificate.ts';

export interface GitServer {
  base: URL;
  /** PEM. */
  ca: string;
  /** Where it sends those who ask below a path. */
  redirects: Map<string, string>;
  /** Paths that were asked for. */
  requests: string[];
  stop(): Promise<void>;
}

interface ServerOptions {
  /** Directory of bare repositories. */
  root: string;
  /** Only who shows these may read. */
  login?: { user: string; password: string };
}

/** Serves repositories by smart HTTP over TLS, with git's own `http-backend`. */
export async function startGitServer(directory: string, { root, login }: ServerOptions): Promise<GitServer> {
  const { key, certificate } = await testCertificate(directory);
  const expected = login && `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  const state = { ca: certificate, redirects: new Map<string, string>(), requests: [] as string[] };
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const url = new URL(incoming.url ?? '/', 'https://localhost');
    state.requests.push(url.pathname);
    const target = [...state.redirects].find(([path]) => url.pathname.startsWith(path));
    if (target !== undefined) {
      outgoing
        .writeHead(302, { location: `${target[1]}${(incoming.url ?? '').slice(target[0].length)}` })
        .end();
    } else if (expected !== undefined && incoming.headers.authorization !== expected) {
      outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
    } else {
      const asked = {
        root,
        path: url.pathname,
        query: url.search.slice(1),
        user: null,
        maxBody: 1 << 24,
        maxBodyMs: 60_000,
      };
      await runBackend(asked, incoming, outgoing, AbortSignal.timeout(60_000));
    }
  };
  const server = createServer({ key, cert: certificate }, (incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    base: new URL(`https://127.0.0.1:${port}/`),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

/** More objects than git unpacks after a fetch (`fetch.unpackLimit`): what is fetched stays packed. */
const COMMITS = 40;

/** A bare repository with a history on `main`, oldest first, and an annotated tag `v1` on its beginning. */
export async function bareRepository(
  root: string,
  name: string,
): Promise<{ path: string; commits: string[] }> {
  const path = join(root, name);
  const git = async (args: string[], input = '') =>
    (await run(['git', '--git-dir', path, ...args], { env: who, input })).stdout.trim();
  await run(['git', 'init', '--quiet', '--bare', '--initial-branch=main', path]);
  await git(
    ['fast-import', '--quiet'],
    Array.from({ length: COMMITS }, (_, index) => commit(index)).join(''),
  );
  const commits = (await git(['rev-list', '--reverse', 'main'])).split('\n');
  await git(['tag', '--annotate', '--message', 'v1', 'v1', commits[0] ?? '']);
  return { path, commits };
}

/** One commit that changes a line of a file. Source: git-fast-import(1). */
function commit(index: number): string {
  const lines = Array.from({ length: 500 }, (_, line) => `line ${line * line}`);
  const text = lines.with(index * 7, `changed ${index}`).join('\n');
  return [
    'commit refs/heads/main',
    `committer test <test@example.org> ${1_700_000_000 + index} +0000`,
    'data 6\nchange',
    `M 644 inline file`,
    `data ${text.length}\n${text}\n\n`,
  ].join('\n');
}

const who = { GIT_COMMITTER_NAME: 'test', GIT_COMMITTER_EMAIL: 'test@example.org' };
