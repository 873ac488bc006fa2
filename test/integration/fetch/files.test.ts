import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { fetchFile } from '../../../builder/download/file.ts';
import { Web } from '../../../builder/download/web.ts';
import { lockFiles } from '../../../builder/lock/files.ts';
import { SiteSchema } from '../../../contract/site.ts';
import { Cache } from '../../../host/cache.ts';
import { type FileServer, startFileServer } from '../../support/file-server.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';

const path = freshDirectory();
const { signal } = new AbortController();
const content = randomBytes(300_000);
const digest = createHash('sha256').update(content).digest('hex');
let server: FileServer;
let web: Web;
let url: string;

beforeEach(async () => {
  server = await startFileServer(path());
  server.files.set('/tool', content);
  url = new URL('tool', server.base).href;
  await writeFile(path('ca.pem'), server.ca);
  web = new Web(site(), path(), signal);
});
afterEach(async () => {
  await web.close();
  await server.stop();
});

const site = () =>
  SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    servers: { [server.base.host]: { ca: 'ca.pem' } },
  });
const fetch = (request: { sha256?: string; size?: number } = {}, pauses: number[] = [0, 0]) =>
  fetchFile(web, { url, ...request }, { cache: new Cache(path('cache')), signal, onBytes: () => {}, pauses });
const left = async () =>
  (await readdir(path('cache'), { recursive: true })).filter((name) =>
    /partial\/|blobs\/sha256\//.test(name),
  );

describe('a published file', () => {
  test('comes whole, though the server is busy and cuts the connection: every byte once', async () => {
    server.statuses = [503, 429];
    server.cutAfter = [100_000, 50_000];
    const file = await fetch();
    expect(file).toMatchObject({ sha256: digest, size: content.length });
    expect(content.equals(await readFile(file.path))).toBe(true);
    expect(server.requests.slice(2)).toEqual([
      '/tool',
      expect.stringMatching(/^\/tool bytes=100000- "/),
      expect.stringMatching(/^\/tool bytes=150000- "/),
    ]);
    expect(await left()).toEqual([`blobs/sha256/${digest}`]);
  });

  test('goes on in a new process where an earlier one was interrupted', async () => {
    server.cutAfter = [100_000];
    expect((await refusal(fetch({}, []))).code).toBe('E3040');
    expect((await fetch()).sha256).toBe(digest);
    expect(server.requests.at(-1)).toMatch(/^\/tool bytes=100000- "/);
  });

  test('that changed meanwhile comes anew: no halves of two versions', async () => {
    server.cutAfter = [100_000];
    await refusal(fetch({}, []));
    const other = randomBytes(200_000);
    server.files.set('/tool', other);
    expect(other.equals(await readFile((await fetch()).path))).toBe(true);
  });

  test('comes anew where the server does not say which version it has, unless its digest is known', async () => {
    server.marks = false;
    server.cutAfter = [100_000, 100_000];
    await refusal(fetch({}, []));
    await refusal(fetch({}, []));
    expect(server.requests).toEqual(['/tool', '/tool']);
    await fetch({ sha256: digest, size: content.length });
    expect(server.requests.at(-1)).toBe('/tool bytes=100000-');
  });

  test('with another digest than expected is refused with both, and nothing of it is kept', async () => {
    const expected = 'e'.repeat(64);
    const refused = await refusal(fetch({ sha256: expected }));
    expect(refused.toText()).toContain(`CPIAB-E2130 ${url}: has sha256 ${digest}, expected ${expected}`);
    expect(await left()).toEqual([]);
  });

  test('that is longer than expected is not read to its end', async () => {
    server.files.set('/tool', Buffer.alloc(50 << 20));
    expect((await refusal(fetch({ sha256: digest, size: content.length }))).code).toBe('E2130');
    expect(await left()).toEqual([]);
  });

  test('that the cache has needs no server', async () => {
    await fetch();
    server.requests = [];
    expect((await fetch({ sha256: digest })).size).toBe(content.length);
    expect(server.requests).toEqual([]);
  });

  test('that is used again keeps its time, which bundles share with it: the use is noted beside it', async () => {
    const { path: file } = await fetch();
    const then = new Date('2001-02-03');
    await utimes(file, then, then);
    await fetch({ sha256: digest, size: content.length });
    expect((await stat(file)).mtime).toEqual(then);
    expect((await stat(new Cache(path('cache')).usePath(digest))).mtimeMs).toBeGreaterThan(then.getTime());
  });

  test('may be elsewhere by redirects, but not without TLS', async () => {
    server.redirects.set('/latest', '/tool');
    server.redirects.set('/plain', 'http://127.0.0.1:9/tool');
    const at = (name: string) => new URL(name, server.base).href;
    url = at('latest');
    expect((await fetch()).sha256).toBe(digest);
    url = at('plain');
    expect((await refusal(fetch())).toText()).toContain('CPIAB-E3043');
  });

  test('that is not there, or on a server that is not trusted, is refused at once', async () => {
    url = new URL('nothing', server.base).href;
    expect((await refusal(fetch())).toText()).toMatch(/CPIAB-E3041 .*status 404/);
    expect(server.requests).toHaveLength(1);
    const stranger = new Web({ ...site(), servers: {} }, path(), signal);
    onTestFinished(() => stranger.close());
    const context = { cache: new Cache(path('cache')), signal, onBytes: () => {} };
    expect((await refusal(fetchFile(stranger, { url }, context))).code).toBe('E3042');
  });
});

describe('the lock', () => {
  const host = () => quietHost(path(), path('cache'));

  test('has digest and size of each file, by path', async () => {
    server.files.set('/empty', Buffer.of());
    const entries = [
      { url, path: 'z/tool' },
      { url: new URL('empty', server.base).href, path: 'empty' },
    ];
    expect(await lockFiles(entries, site(), host())).toEqual([
      { path: 'empty', url: entries[1]?.url, sha256: expect.stringMatching(/^e3b0c442/), size: 0 },
      { path: 'z/tool', url, sha256: digest, size: content.length },
    ]);
  });

  test('has no two files in one place', async () => {
    const entries = [1, 2].map((number) => ({ url: `${url}?${number}`, path: 'tool' }));
    expect((await refusal(lockFiles(entries, site(), host()))).toText()).toContain('CPIAB-E1060 tool:');
  });
});
