import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { BundleSetSchema, isPinnable } from '../../../contract/bundle-set.ts';
import { LockSchema } from '../../../contract/lock.ts';
import { ManifestSchema } from '../../../contract/manifest.ts';
import { bundleSetsOf, SiteSchema } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import { removeTree } from '../../support/remove-tree.ts';

const repository = resolve(import.meta.dirname, '../../..');
const text = async (...names: string[]) => await readFile(join(...names), 'utf8');
let out: string;
let said: string;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'cpiab-rehearsal-'));
  const script = join(repository, 'test/rehearsal/main.ts');
  said = (await run([process.execPath, script, '--out', out], { maxOutput: 16 << 20 })).stdout;
});
afterAll(() => removeTree(out));

test('homelab is closed: all that its Git leads to is in the bundle', () => {
  expect(said).toMatch(/^closed: homelab has \d+ objects that name \d+ images, all in the bundle$/m);
});

test('its lock has a digest for each image that its bundle sets name, and says that all stand in', async () => {
  const site = SiteSchema.parse(parse(await text(repository, 'config/clusters/homelab.yaml')));
  const sets = bundleSetsOf(site).map(async (set) =>
    BundleSetSchema.parse(parse(await text(repository, 'bundles', `${set}.yaml`))),
  );
  const named = (await Promise.all(sets)).flatMap(({ images }) => images.filter(isPinnable));
  const { upstream } = LockSchema.parse(
    JSON.parse(await text(out, 'repository/config/clusters/homelab.lock.json')),
  );
  expect(upstream.map(({ reference }) => reference)).toEqual([...new Set(named)].toSorted());
  expect(upstream.filter(({ standIn }) => standIn !== true)).toEqual([]);
  const manifest = ManifestSchema.parse(JSON.parse(await text(out, 'repository/dist/homelab/manifest.json')));
  for (const { reference, digest } of upstream) expect(manifest.images[reference]).toBe(digest);
});

test('the ISO verifies', async () => {
  const main = join(out, 'repository/cli/main.ts');
  await run([process.execPath, main, 'verify', join(out, 'repository/dist/homelab/cpiab-homelab.iso')], {
    env: { XDG_CONFIG_HOME: join(out, 'config') },
  });
});
