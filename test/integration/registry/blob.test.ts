import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BlobRequest, fetchBlob } from '../../../builder/registry/blob.ts';
import { Registry } from '../../../builder/registry/registry.ts';
import { Cache } from '../../../host/cache.ts';
import { sha256File } from '../../../host/files.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { type FaultProxy, startFaults } from '../../support/registry/faults.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';

const SIZE = 3_000_000;
const path = freshDirectory();
const { signal } = new AbortController();
let origin: TestRegistry;
let proxy: FaultProxy;
let registry: Registry;
let blob: BlobRequest;
let cache: Cache;
beforeEach(async () => {
  origin = await startRegistry(path());
  proxy = await startFaults(origin.base);
  registry = new Registry('docker.io', {
    bases: [proxy.base],
    credentials: async () => null,
    signal,
    retry: { pauses: [1, 1] },
  });
  cache = new Cache(path('cache'));
  const { layers } = await origin.storage.put('team/app:1.0', { layers: [SIZE] });
  blob = { repository: 'team/app', sha256: layers[0]?.slice('sha256:'.length) ?? '', size: SIZE };
});
afterEach(async () => {
  await registry.close();
  await proxy.stop();
  await origin.stop();
});

const fetched = async () =>
  await fetchBlob(registry, blob, { cache, signal, onBytes: () => {}, pauses: [1, 1] });
const ranges = () => proxy.requests.map((line) => line.split(' ')[2] ?? 'all');

describe('fetchBlob', () => {
  test('goes on where the connection was cut, as often as bytes come', async () => {
    proxy.cutAfter = [500_000, 500_000, 500_000, 500_000, 500_000];
    const file = await fetched();
    expect(await sha256File(file.path)).toEqual({ sha256: blob.sha256, size: SIZE });
    // What was under way when the connection broke comes again.
    expect(ranges()[0]).toBe('all');
    expect(Number(/^bytes=(\d+)-$/.exec(ranges()[1] ?? '')?.[1])).toBeGreaterThan(400_000);
    expect(proxy.bytes).toBeLessThan(SIZE + 5 * 500_000);
  });

  test('gives up when no more bytes come, keeps what came, and goes on with it later', async () => {
    proxy.cutAfter = [1_000_000, 0, 0, 0];
    const refused = await refusal(fetched());
    expect(refused.code).toBe('E3016');
    // A connection that breaks may take with it what was under way.
    const kept = Number(/^ended after (\d+) of 3000000 bytes/.exec(refused.message)?.[1]);
    expect(kept).toBeGreaterThan(500_000);
    await fetched();
    expect(ranges().at(-1)).toBe(`bytes=${kept}-`);
  });

  test('passes over what it has when the server knows no ranges', async () => {
    proxy.cutAfter = [1_000_000];
    proxy.faults.push((incoming) => {
      delete incoming.headers.range;
      return false;
    });
    const file = await fetched();
    expect((await sha256File(file.path)).sha256).toBe(blob.sha256);
  });

  test('refuses other content, and keeps none of it', async () => {
    proxy.faults.push((_, outgoing) => {
      outgoing.end(Buffer.alloc(SIZE));
      return true;
    });
    expect((await refusal(fetched())).code).toBe('E2103');
    proxy.faults = [];
    expect((await sha256File((await fetched()).path)).sha256).toBe(blob.sha256);
  });

  test('fetches all of it when what a power cut left is damaged', async () => {
    await mkdir(join(cache.root, 'partial'), { recursive: true });
    await writeFile(join(cache.root, 'partial', blob.sha256), Buffer.alloc(2_000_000));
    const file = await fetched();
    expect((await sha256File(file.path)).sha256).toBe(blob.sha256);
  });

  test('waits as long as the registry asks, and says so when it goes on asking', async () => {
    let times = 2;
    proxy.faults.push((_, outgoing) => {
      if (times-- <= 0) return false;
      outgoing.writeHead(429, { 'retry-after': '0' }).end();
      return true;
    });
    await fetched();
    expect(proxy.requests).toHaveLength(3);
    times = Number.POSITIVE_INFINITY;
    blob = { ...blob, sha256: 'a'.repeat(64) };
    expect((await refusal(fetched())).code).toBe('E3013');
  });

  test('tries again after 500 and 503; names a registry that is down', async () => {
    const statuses = [503, 500];
    proxy.faults.push((_, outgoing) => {
      const status = statuses.shift();
      if (status === undefined) return false;
      outgoing.writeHead(status).end();
      return true;
    });
    await fetched();
    await proxy.stop();
    blob = { ...blob, sha256: 'b'.repeat(64) };
    const refused = await refusal(fetched());
    expect(refused.code).toBe('E3011');
    proxy = await startFaults(origin.base);
  });

  test('is fetched once when two want it at the same time', async () => {
    proxy.slowMs = 5;
    const [one, two] = await Promise.all([fetched(), fetched()]);
    expect(one).toEqual(two);
    expect(proxy.bytes).toBe(SIZE);
    expect((await readFile(one.path)).length).toBe(SIZE);
  });
});
