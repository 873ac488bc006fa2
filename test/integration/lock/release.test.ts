import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchFiles } from '../../../builder/fetch/files.ts';
import { driftBetween } from '../../../builder/lock/drift.ts';
import { lockFiles } from '../../../builder/lock/files.ts';
import { readRelease } from '../../../builder/lock/release.ts';
import { SiteSchema } from '../../../contract/site.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { engineVersion, type ReleaseServer, startReleaseServer } from '../../support/k3s-release.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import { tinyLock } from '../../support/tiny-lock.ts';

const path = freshDirectory();
const images = 'docker.io/rancher/mirrored-pause:3.6\ndocker.io/rancher/klipper-helm:v0.9.12\n';
let server: ReleaseServer;

beforeEach(async () => {
  server = await startReleaseServer(path());
  await writeFile(path('ca.pem'), server.ca);
  server.publish({
    k3s: 'binary',
    'k3s-images.txt': images,
    'sha256sum-amd64.txt': server.checksums('binary'),
  });
});
afterEach(() => server.stop());

const site = () =>
  SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    engine: { kind: 'k3s', version: engineVersion, release: server.release },
    servers: { [server.base.host]: { ca: 'ca.pem' } },
  });
const host = () => quietHost(path(), path('cache'));
const read = async () => await readRelease(site(), host());
const lock = async () => await lockFiles((await read()).files, site(), host());

describe('a release of k3s', () => {
  test('gives the binary by its checksum, the lists that say so, and the images', async () => {
    expect((await read()).images).toEqual(images.trim().split('\n').toSorted());
    expect(await lock()).toEqual([
      expect.objectContaining({ path: 'engine/k3s', url: `${server.release}/k3s`, size: 6 }),
      expect.objectContaining({ path: 'engine/k3s-images.txt', release: engineVersion }),
      expect.objectContaining({ path: 'engine/sha256sum-amd64.txt', release: engineVersion }),
    ]);
  });

  test('that was made again with another binary is drift, with the reason', async () => {
    const before = await lock();
    server.publish({ k3s: 'other', 'sha256sum-amd64.txt': server.checksums('other') });
    const drift = driftBetween(tinyLock({ files: before }), tinyLock({ files: await lock() }));
    const why = `${engineVersion} was released again with another file`;
    expect(drift.map((entry) => [entry.what, entry.why])).toEqual([
      ['engine/k3s', why],
      ['engine/sha256sum-amd64.txt', why],
    ]);
  });

  test('that was made again is not built: what was locked is wanted', async () => {
    const files = await lock();
    server.publish({ k3s: 'other', 'sha256sum-amd64.txt': server.checksums('other') });
    const elsewhere = quietHost(path(), path('other-cache'));
    const refused = await refusal(fetchFiles(site(), tinyLock({ files }), elsewhere));
    expect(refused.code).toBe('E2130');
  });

  test.each<[string, string, Record<string, string | Buffer>]>([
    ['E3080', 'has no checksum of k3s', { 'sha256sum-amd64.txt': `${'a'.repeat(64)}  k3s-arm64\n` }],
    ['E3081', 'not a list of checksums', { 'sha256sum-amd64.txt': '<!doctype html>\n' }],
    ['E3081', 'not UTF-8', { 'sha256sum-amd64.txt': Buffer.of(0xff) }],
    ['E3082', 'not a list of images', { 'k3s-images.txt': '<!doctype html>\n' }],
    ['E3082', 'it is empty', { 'k3s-images.txt': '' }],
    ['E3082', 'cut off', { 'k3s-images.txt': images.slice(0, -3) }],
    ['E2130', 'has sha256', { k3s: 'another binary' }],
  ])('is refused with %s: %s', async (code, text, files) => {
    server.publish(files);
    const refused = await refusal(lock());
    expect(refused.code).toBe(code);
    expect(refused.message).toContain(text);
  });

  test('is refused where its checksums say otherwise of the list of images', async () => {
    server.publish({ 'sha256sum-amd64.txt': server.checksums('binary', { 'k3s-images.txt': 'others' }) });
    expect((await refusal(read())).toText()).toContain(`CPIAB-E2130 ${server.release}/k3s-images.txt: `);
  });

  test.each(['k3s', 'k3s-images.txt', 'sha256sum-amd64.txt'])('without %s is refused', async (name) => {
    server.files.delete(`${new URL(server.release).pathname}/${name}`);
    expect((await refusal(lock())).toText()).toMatch(new RegExp(`^CPIAB-E3041 .*/${name}: .*status 404`));
  });
});
