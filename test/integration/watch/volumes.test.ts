import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkRoom } from '../../../agent/postcheck/storage.ts';
import { watchVolumes } from '../../../agent/watch/volumes.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const MB = 1 << 20;
const here = freshDirectory();
const { signal } = new AbortController();
const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('full volumes are not tried: mounting one needs root\n');

/** Small file systems: of the node, and of a volume. */
beforeEach(async () => {
  if (!isRoot) return;
  for (const [name, size] of Object.entries({ node: '128M', media: '64M' })) {
    await mkdir(here(name));
    await run(['mount', '-t', 'tmpfs', '-o', `size=${size}`, 'none', here(name)]);
  }
});
afterEach(async () => {
  if (isRoot) for (const name of ['node', 'media']) await run(['umount', '--lazy', here(name)]);
});

/** What statfs(2) says, as a kubelet takes it for its summary. */
async function room(name: string) {
  const { bavail, blocks, bsize } = await statfs(here(name));
  return { availableBytes: bavail * bsize, capacityBytes: blocks * bsize };
}

/** A cluster of one node, whose kubelet sees the two: `media` for qBittorrent, and two claims on the node's own. */
const cluster = (ready = 'True') => ({
  get: async <T>(path: string): Promise<T> => {
    if (path === '/api/v1/nodes') {
      const conditions = [{ type: 'Ready', status: ready }];
      return { items: [{ metadata: { name: 'box' }, status: { conditions } }] } as T;
    }
    if (path !== '/api/v1/nodes/box/proxy/stats/summary') throw new Error(`asked for ${path}`);
    const claim = async (namespace: string, name: string, at: string) => ({
      name,
      pvcRef: { namespace, name },
      ...(await room(at)),
    });
    const volume = [{ name: 'tmp', ...(await room('node')) }, await claim('qbittorrent', 'media', 'media')];
    const others = [await claim('syncthing', 'data', 'node'), await claim('qbittorrent', 'config', 'node')];
    return { node: { fs: await room('node') }, pods: [{ volume }, { volume: others }, {}] } as T;
  },
});

async function fill(name: string, left: number): Promise<void> {
  const { availableBytes } = await room(name);
  await writeFile(here(name, 'film'), Buffer.alloc(availableBytes - left, 1));
}

describe.skipIf(!isRoot)('volumes', () => {
  const look = () => watchVolumes(() => cluster(), 0)(signal);
  const check = (ready?: string) => checkRoom({ kube: cluster(ready), signal } as never);

  test('with room are no news', async () => {
    expect(await look()).toBeNull();
    expect(await check()).toEqual({ result: 'pass', evidence: 'every disk and volume in use has room' });
    expect(await watchVolumes(() => undefined)(signal)).toBeNull();
  });

  test('one that gets full is named with its claim, and what to do, until there is room again', async () => {
    await fill('media', 0);
    const evidence = 'the file system of qbittorrent/media on node box is nearly full: 0 B of 67 MB are free';
    expect(await look()).toEqual({
      problem: evidence,
      nextAction: expect.stringMatching(/^remove what nobody needs/),
    });
    expect(await check()).toEqual({ result: 'fail', evidence });
    await rm(here('media', 'film'));
    expect([await look(), (await check()).result]).toEqual([null, 'pass']);
  });

  test("the node's own is named with the claims on it", async () => {
    await fill('node', 5 * MB);
    expect((await look())?.problem).toBe(
      'the file system of qbittorrent/config, syncthing/data on node box is nearly full: 5.2 MB of 134 MB are free',
    );
  });

  test('a node that is not there says nothing of its volumes', async () => {
    await fill('media', 0);
    expect(await watchVolumes(() => cluster('Unknown'))(signal)).toBeNull();
    expect(await check('Unknown')).toEqual({
      result: 'unknown',
      evidence: 'nothing is known of the disks of box',
    });
  });
});
