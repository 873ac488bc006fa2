import { chown, mkdir, readdir } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Look } from '../../agent/postcheck/look.ts';
import { checkMedia } from '../../agent/postcheck/media.ts';
import { checkNfs } from '../../agent/postcheck/nfs.ts';
import { clearScratch } from '../../agent/postcheck/scratch.ts';
import { type App, AppSchema } from '../../contract/app.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { nfsAnswer } from '../support/nas/answer.ts';
import { CheckedSite, folder } from '../support/postcheck/checked-site.ts';
import { images } from '../support/postcheck/objects.ts';
import { PodRunner } from '../support/postcheck/pod-runner.ts';

const here = keptDirectory();
const site = new CheckedSite(here);
const runner = new PodRunner(site.kube, (...names) => here('runner', ...names));
const { signal } = new AbortController();
const share = (...names: string[]) => here('share', ...names);

const media = {
  claim: 'media',
  writes: ['/data/media/tv'],
  links: [{ from: '/data/torrents/tv', to: '/data/media/tv' }],
};
const shop = AppSchema.parse({
  ...{ apiVersion: 'cpiab.dev/v1', kind: 'App', name: 'shop', title: 'Shop', owner: 'tools' },
  ...{ bundle: 'core', supply: 'source', health: { deployment: 'shop' }, internet: 'none', backup: 'none' },
  media,
}) as App & { media: typeof media };

const claimOf = (claimName: string) => [{ name: 'media', persistentVolumeClaim: { claimName } }];
const uid = (user: number) => ({ runAsUser: user, runAsGroup: user, fsGroup: user });

/** A Deployment of nobody's: its pod is not there, and what it says is all that counts. */
async function deployed(
  volumeMounts: object[],
  securityContext: object = uid(1000),
  name = 'shop',
): Promise<void> {
  const container = { name: 'main', image: 'example.test/shop:1' };
  const labels = { app: name };
  await site.kube.client.apply(`/apis/apps/v1/namespaces/shop/deployments/${name}`, {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'shop' } },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          securityContext,
          containers: [
            { ...container, volumeMounts: volumeMounts.map((each) => ({ name: 'media', ...each })) },
          ],
          volumes: claimOf('media'),
        },
      },
    },
  });
}

const whole = [{ mountPath: '/data' }];
const lookAt = async (files: Record<string, string>): Promise<Look> => ({
  ...(await site.lookAt({ [`${folder('shop')}/app.yaml`]: JSON.stringify(shop), ...files })),
  manifest: { images } as unknown as Look['manifest'],
});
let look: Look;

async function filesLeft(): Promise<string[]> {
  const all = await readdir(share(), { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map(({ name }) => name);
}

beforeAll(async () => {
  await site.open();
  await site.kube.namespace('shop', []);
  for (const path of ['torrents/tv', 'media/tv']) {
    await mkdir(share(path), { recursive: true });
    await chown(share(path), 1000, 1000);
  }
  await chown(share(), 1000, 1000);
  await runner.start();
  look = await lookAt({});
}, 1_800_000);
afterAll(async () => {
  await runner.stop();
  await site.close();
});

describe('a media volume', () => {
  const found = (limitMs?: number) => checkMedia(shop, look, limitMs);
  const place = 'Deployment/shop as UID 1000';

  test('that the app can write to and link in passes, and nothing is left there', async () => {
    runner.behind['shop/media'] = { directory: share() };
    await deployed(whole);
    expect(await found()).toEqual({
      result: 'pass',
      evidence: `${place}: wrote to /data/media/tv; linked /data/torrents/tv to /data/media/tv`,
    });
    expect(await filesLeft()).toEqual([]);
    expect(await site.kube.client.get('/api/v1/namespaces/shop/pods')).toMatchObject({ items: [] });
  });

  test.each([
    [
      "in somebody else's folder",
      { path: 'media/tv', owner: 0 },
      'cannot write to /data/media/tv: Permission denied',
    ],
    [
      'that are downloads',
      { path: 'torrents/tv', owner: 0 },
      'cannot write to /data/torrents/tv: Permission denied',
    ],
  ])('is not writable %s', async (_, { path, owner }, why) => {
    await chown(share(path), owner, owner);
    expect(await found()).toEqual({ result: 'fail', evidence: `${place}: ${why}` });
    await chown(share(path), 1000, 1000);
    expect(await filesLeft()).toEqual([]);
  });

  test.each([
    [
      'in two mounts',
      [
        { mountPath: '/data/torrents', subPath: 'torrents' },
        { mountPath: '/data/media', subPath: 'media' },
      ],
      1000,
      'no hard link from /data/torrents/tv to /data/media/tv: ',
    ],
    [
      'without the library',
      [{ mountPath: '/data/torrents', subPath: 'torrents' }],
      1000,
      '/data/media/tv is not there',
    ],
    ['for another user', whole, 1001, 'cannot write to /data/media/tv: Permission denied'],
  ])('%s fails', async (_, mounts, user, why) => {
    await deployed(mounts, uid(user));
    const { result, evidence } = await found();
    expect([result, evidence]).toEqual(['fail', expect.stringContaining(why)]);
    expect(evidence).toContain(`Deployment/shop as UID ${user}: `);
    expect(await filesLeft()).toEqual([]);
  });

  test('that is only read, or is of nobody in particular, is told', async () => {
    await deployed([{ mountPath: '/data', readOnly: true }]);
    expect(await found()).toMatchObject({
      result: 'fail',
      evidence: expect.stringContaining('nothing of the app'),
    });
    await deployed(whole, { runAsNonRoot: true });
    expect(await found()).toMatchObject({
      result: 'unknown',
      evidence: expect.stringContaining('runAsUser'),
    });
  });

  test('that cannot be mounted fails by what mount.nfs said', async () => {
    runner.behind['shop/media'] = { directory: share(), problem: 'mount.nfs: access denied by server' };
    await deployed(whole);
    const why = 'did not end within 5 s: mount.nfs: access denied by server';
    expect(await found(5000)).toEqual({ result: 'fail', evidence: `${place}: ${why}` });
  });
});

describe('NFS volumes', () => {
  let server: Server;
  let port: number;
  const path = '/api/v1/persistentvolumes/media-shop';
  const exported = (options: string) =>
    lookAt({ 'synology/exports': `/volume1/data 192.168.1.10(${options})\n` });
  const named = (why: string) => ({
    result: 'fail',
    evidence: `media-shop (127.0.0.1:/volume1/data), for Deployment/shop as UID 1000: ${why}`,
  });

  beforeAll(async () => {
    runner.behind['shop/media'] = { directory: share() };
    await deployed(whole);
    server = createServer((socket) => {
      socket.on('error', () => {}).on('data', () => socket.write(Buffer.from(nfsAnswer, 'hex')));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => void server.close());

  test('that are not there do not apply', async () => {
    expect(await checkNfs(look, port)).toMatchObject({ result: 'notApplicable' });
  });

  test('pass where files belong to who writes them', async () => {
    await site.kube.client.apply(path, {
      ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'media-shop' } },
      spec: {
        ...{ capacity: { storage: '1Ti' }, accessModes: ['ReadWriteMany'] },
        claimRef: { namespace: 'shop', name: 'media' },
        nfs: { server: '127.0.0.1', path: '/volume1/data' },
      },
    });
    await site.kube.client.patchStatus(path, { phase: 'Bound' });
    const evidence = '1 volume on 127.0.0.1, written to as UID 1000';
    expect(await checkNfs(look, port)).toEqual({ result: 'pass', evidence });
    expect(await checkNfs(await exported('rw,root_squash'), port)).toEqual({ result: 'pass', evidence });
    expect(await filesLeft()).toEqual([]);
  });

  test('pass where the NAS gives all files to the one that it is to give them to', async () => {
    const mapped = await exported('rw,all_squash,anonuid=1024,anongid=100');
    await chown(share('media/tv'), 1024, 100);
    runner.behind['shop/media'] = { directory: share(), squash: 1024 };
    expect(await checkNfs(mapped, port)).toMatchObject({ result: 'pass' });
    runner.behind['shop/media'] = { directory: share() };
    await chown(share('media/tv'), 1000, 1000);
    expect(await checkNfs(mapped, port)).toEqual(named('gives what is written to UID 1000, not to 1024'));
  });

  test('fail where the NAS gives files to nobody', async () => {
    await chown(share('media/tv'), 65534, 65534);
    runner.behind['shop/media'] = { directory: share(), squash: 65534 };
    expect(await checkNfs(look, port)).toEqual(named('gives what is written to UID 65534, not to 1000'));
    await chown(share('media/tv'), 1000, 1000);
    expect(await filesLeft()).toEqual([]);
  });

  test('fail where the share can only be read', async () => {
    runner.behind['shop/media'] = { directory: share(), isReadOnly: true };
    expect(await checkNfs(look, port)).toEqual(named('cannot be written to: Read-only file system'));
  });

  test('fail at once where the server does not answer', async () => {
    server.close();
    const began = Date.now();
    expect(await checkNfs(look, port)).toEqual({
      result: 'fail',
      evidence: 'the NFS server 127.0.0.1 does not answer',
    });
    expect(Date.now() - began).toBeLessThan(20_000);
  });
});

test('a pod that a run left beside a claim is taken away', async () => {
  const pod = await site.kube.pod('shop', 'default', 'left');
  const at = `/api/v1/namespaces/shop/pods/${pod.name}`;
  await site.kube.client.merge(at, { metadata: { labels: { 'cpiab.dev/postcheck': 'true' } } });
  await clearScratch(site.kube.client, signal);
  await expect(site.kube.client.get(at)).rejects.toMatchObject({ status: 404 });
});
