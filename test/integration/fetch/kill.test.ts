import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cache } from '../../../host/cache.ts';
import { verifyPool } from '../../../host/cache-upkeep.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { type FaultProxy, startFaults } from '../../support/registry/faults.ts';
import { tarLayer } from '../../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';

const path = freshDirectory();
const LAYER = 1_500_000;
const IMAGES = 8;
/** Blobs under way at a time. */
const STREAMS = 6;
const KILLS = 20;
const references = Array.from({ length: IMAGES }, (_, index) => `docker.io/team/app${index}:1.0`);
const payload = IMAGES * LAYER;

let origin: TestRegistry;
let proxy: FaultProxy;
beforeEach(async () => {
  origin = await startRegistry(path());
  proxy = await startFaults(origin.base);
  for (const reference of references)
    await origin.storage.put(reference.slice('docker.io/'.length), { layers: [await tarLayer(LAYER)] });
});
afterEach(async () => {
  await proxy.stop();
  await origin.stop();
});

function start(): ChildProcess {
  const script = join(import.meta.dirname, '../../support/registry/fetch-child.ts');
  return spawn(process.execPath, [script, proxy.base.href, path(), ...references], { stdio: 'inherit' });
}

/** Waits until so many more bytes have come, or the program ends. */
async function untilBytes(child: ChildProcess, more: number): Promise<void> {
  const wanted = proxy.bytes + more;
  while (proxy.bytes < wanted && child.exitCode === null) await sleep(2);
}

const size = async (folder: string) => {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, one) => sum + one, 0);
};

test('a build that is killed twenty times fetches little twice, and ends with the right bytes', async () => {
  proxy.slowMs = 10;
  let kills = 0;
  for (; kills < KILLS; kills++) {
    const child = start();
    await untilBytes(child, Math.random() * (payload / 8));
    if (child.exitCode !== null) break;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(kills).toBeGreaterThan(5);
  proxy.slowMs = 0;
  const [status] = await once(start(), 'exit');
  expect(status).toBe(0);
  const cache = new Cache(path('cache'));
  expect((await verifyPool(cache, new AbortController().signal, () => {})).damaged).toEqual([]);
  expect(await size(cache.pool)).toBeGreaterThan(payload);
  expect(await size(path('cache', 'partial'))).toBe(0);
  const again = proxy.bytes - payload;
  process.stderr.write(`killed ${kills} times, fetched ${again} of ${payload} bytes again\n`);
  expect(again).toBeLessThan(kills * STREAMS * LAYER);
});
