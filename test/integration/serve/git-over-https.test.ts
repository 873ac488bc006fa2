import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RegistryProxy } from '../../../agent/api/registry-proxy.ts';
import { Counters } from '../../../agent/metrics/counters.ts';
import { GitHttp } from '../../../agent/serve/git/http.ts';
import { PushRecord } from '../../../agent/serve/git/push-record.ts';
import { type GitRepository, openRepository } from '../../../agent/serve/git/repository.ts';
import { makeOperator } from '../../../builder/bundle/operator.ts';
import { run } from '../../../host/process.ts';
import { sourceRepository, startTestApi, type TestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';
import { gitHooks } from '../../support/box-git.ts';
import { removeTree } from '../../support/remove-tree.ts';

let directory: string;
let api: TestApi;
let source: Awaited<ReturnType<typeof sourceRepository>>;
let repository: GitRepository;
let pushes = 0;

const { signal } = new AbortController();
/** What git needs to trust the box; with the operator's credential when told. Its environment outranks its configuration. */
const trust = (operator: boolean): Record<string, string> => ({
  GIT_SSL_CAINFO: api.files.ca,
  ...(operator ? { GIT_SSL_CERT: api.files.certificate, GIT_SSL_KEY: api.files.key } : {}),
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-git-'));
  source = await sourceRepository(directory, { 'README.md': 'hello\n', 'cluster/a.yaml': 'a: 1\n' });
  repository = await openRepository(join(directory, 'git', 'lab.git'), source.bundle, signal);
  const record = new PushRecord(repository, () => api.audit, new Counters());
  const git = new GitHttp({
    root: join(directory, 'git'),
    name: 'lab.git',
    hooks: gitHooks,
    gate: {
      answer: async ({ hook }) => {
        if (hook === 'post-receive') pushes += 1;
        return { accept: true, lines: [], note: 'test' };
      },
      ended: async () => {},
    },
    pushes: record,
  });
  api = await startTestApi(() => ({ git, registry: new RegistryProxy(1) }));
});
afterAll(async () => {
  await api.close();
  await removeTree(directory);
});

describe('a clone', () => {
  test('needs no credential and gives the head of the bundle', async () => {
    const target = join(directory, 'clone');
    await run(['git', 'clone', '--quiet', `${api.url}/git/lab.git`, target], { env: trust(false) });
    const { stdout } = await run(['git', '-C', target, 'rev-parse', 'HEAD', '--abbrev-ref', 'HEAD']);
    expect(stdout.split('\n')).toEqual([source.head, 'main', '']);
  });

  test('works shallow and with a compressed request', async () => {
    const target = join(directory, 'shallow');
    await run(['git', 'clone', '--quiet', '--depth=1', `${api.url}/git/lab.git`, target], {
      env: trust(false),
    });
    const answer = await ask(`${api.url}/git/lab.git/git-upload-pack`, {
      ca: api.identity.certificate,
      method: 'POST',
      headers: {
        'content-type': 'application/x-git-upload-pack-request',
        'content-encoding': 'gzip',
        'git-protocol': 'version=2',
      },
      body: gzipSync('0014command=ls-refs\n00010000'),
    });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toContain(`${source.head} refs/heads/main`);
  });
});

describe('a push', () => {
  test('without a certificate is refused with 403 and changes nothing', async () => {
    const before = pushes;
    await source.git(['commit', '--quiet', '--allow-empty', '--message', 'refused']);
    const push = source.git(['push', '--quiet', `${api.url}/git/lab.git`, 'main'], trust(false));
    await expect(push).rejects.toThrow(/403/);
    expect((await repository.head()).id).toBe(source.head);
    expect(pushes).toBe(before);
    await source.git(['reset', '--quiet', '--hard', source.head]);
  });

  test('with a certificate of another CA is refused', async () => {
    const stranger = await makeOperator('mallory', new Date());
    const [certificate, key] = [join(directory, 'stranger.crt'), join(directory, 'stranger.key')];
    await writeFile(certificate, stranger.certificate);
    await writeFile(key, stranger.key);
    const identity = { ...trust(false), GIT_SSL_CERT: certificate, GIT_SSL_KEY: key };
    const push = source.git(['push', '--quiet', `${api.url}/git/lab.git`, 'main:other'], identity);
    await expect(push).rejects.toThrow(/403/);
  });

  test('with the operator certificate is taken and announced', async () => {
    const before = pushes;
    await writeFile(join(source.work, 'cluster', 'b.yaml'), 'b: 2\n');
    await source.git(['add', '--all']);
    await source.git(['commit', '--quiet', '--message', 'second']);
    await source.git(['push', '--quiet', `${api.url}/git/lab.git`, 'main'], trust(true));
    const pushed = (await source.git(['rev-parse', 'HEAD'])).trim();
    expect((await repository.head()).id).toBe(pushed);
    expect(pushes).toBe(before + 1);
  });

  test('larger than git buffers, so sent in chunks, is taken', async () => {
    const noise = Array.from({ length: 60_000 }, (_, line) => `${line}: ${Math.sin(line)}${Math.cos(line)}`);
    await writeFile(join(source.work, 'large.txt'), noise.join('\n'));
    await source.git(['add', '--all']);
    await source.git(['commit', '--quiet', '--message', 'large']);
    await source.git(
      ['-c', 'http.postBuffer=65536', 'push', '--quiet', `${api.url}/git/lab.git`, 'main'],
      trust(true),
    );
    const [text] = await repository.readFiles((await repository.head()).id, ['large.txt']);
    expect(text?.split('\n')).toHaveLength(60_000);
  });
});

test('a push is refused where no agent answers its hooks', async () => {
  const configure = (...args: string[]) => run(['git', '--git-dir', repository.path, 'config', ...args]);
  await configure('core.hooksPath', gitHooks);
  await source.git(['commit', '--quiet', '--allow-empty', '--message', 'local']);
  await expect(source.git(['push', '--quiet', repository.path, 'main'])).rejects.toThrow(/declined/);
  await configure('--unset', 'core.hooksPath');
  await source.git(['reset', '--quiet', '--hard', 'HEAD~1']);
});

describe('nothing else of the repository is served', () => {
  test.each([
    '/git/lab.git/HEAD',
    '/git/lab.git/config',
    '/git/lab.git/info/refs',
    '/git/lab.git/objects/info/packs',
    '/git/other.git/info/refs?service=git-upload-pack',
    '/git/lab.git/../lab.git/info/refs?service=git-upload-pack',
    '/git/lab.git/%2e%2e/lab.git/info/refs?service=git-upload-pack',
    '/git/lab.git/info/refs?service=git-upload-archive',
  ])('%s is 404', async (path) => {
    expect((await ask(api.url + path, { ca: api.identity.certificate })).status).toBe(404);
  });

  test('the list for a push is refused without a certificate', async () => {
    const path = '/git/lab.git/info/refs?service=git-receive-pack';
    expect((await ask(api.url + path, { ca: api.identity.certificate })).status).toBe(403);
    const { certificate: cert, key } = api.operator;
    expect((await ask(api.url + path, { ca: api.identity.certificate, cert, key })).status).toBe(200);
  });

  test('a request that announces more than a push may have is refused with 413', async () => {
    const { certificate: cert, key } = api.operator;
    const answer = await ask(`${api.url}/git/lab.git/git-receive-pack`, {
      ca: api.identity.certificate,
      cert,
      key,
      method: 'POST',
      headers: { 'content-length': String(300 << 20), connection: 'close' },
      unfinished: true,
    });
    expect(answer.status).toBe(413);
  });
});

test('files of a revision are read in one go, and what is not a file is null', async () => {
  const { id } = await repository.head();
  const texts = await repository.readFiles(id, ['README.md', 'missing', 'cluster', 'cluster/b.yaml']);
  expect(texts).toEqual(['hello\n', null, null, 'b: 2\n']);
});

test('a repository that is there already is kept, whatever the bundle says', async () => {
  const other = await mkdtemp(join(tmpdir(), 'cpiab-git-'));
  const bundle = (await sourceRepository(other, { x: 'y' })).bundle;
  const head = (await repository.head()).id;
  expect((await (await openRepository(repository.path, bundle, signal)).head()).id).toBe(head);
  await rm(other, { recursive: true });
});

test('a clone that was cut off is begun anew', async () => {
  const path = join(directory, 'cut', 'lab.git');
  await run(['mkdir', '-p', `${path}.new/objects`]);
  await writeFile(`${path}.new/HEAD`, 'half');
  expect((await (await openRepository(path, source.bundle, signal)).head()).id).toBe(source.head);
});

describe('who knows only the fingerprint', () => {
  const clone = (fingerprint: string, target: string) => {
    const pin = `sha256//${Buffer.from(fingerprint, 'hex').toString('base64')}`;
    const options = ['-c', 'http.sslVerify=false', '-c', `http.pinnedPubkey=${pin}`];
    return run(['git', ...options, 'clone', '--quiet', `${api.url}/git/lab.git`, join(directory, target)]);
  };

  test('can clone', async () => {
    await clone(api.identity.fingerprint, 'pinned');
    const { stdout } = await run(['git', '-C', join(directory, 'pinned'), 'rev-parse', 'HEAD']);
    expect(stdout.trim()).toBe((await repository.head()).id);
  });

  test('refuses another box', async () => {
    await expect(clone('0'.repeat(64), 'other')).rejects.toThrow(/pin/);
  });
});
