import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { applyDelta } from '../../../builder/delta/apply.ts';
import type { DeltaPlan } from '../../../builder/delta/plan.ts';
import { writeDelta } from '../../../builder/delta/write.ts';
import { openMedium } from '../../../builder/verify/open.ts';
import { readManifest } from '../../../builder/verify/verify.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { rebuilt, type TinyBundle, tinyBundle } from '../../support/tiny-bundle.ts';

const { signal } = new AbortController();
const path = freshDirectory();
const base = randomBytes(2_000_000);
const own = randomBytes(1_000_000);
let one: TinyBundle;
let two: TinyBundle;
let three: TinyBundle;
beforeEach(async () => {
  one = await tinyBundle(path(), 'one', {
    sequence: 1,
    images: { 'ghcr.io/team/app:1.0': [base, own], 'ghcr.io/team/gone:1.0': [base, randomBytes(5000)] },
  });
  two = await tinyBundle(path(), 'two', {
    sequence: 2,
    images: {
      'ghcr.io/team/app:1.0': [base, rebuilt(own, 10_000)],
      'ghcr.io/team/fresh:1.0': [randomBytes(20_000)],
    },
  });
  three = await tinyBundle(path(), 'three', { sequence: 3, images: { 'ghcr.io/team/app:1.1': [base] } });
});

async function side(bundle: TinyBundle) {
  const medium = await openMedium(bundle.directory, signal);
  return { medium, manifest: await readManifest(medium, bundle.key) };
}

async function delta(
  from: TinyBundle,
  to: TinyBundle,
  name: string,
  onPlan: (plan: DeltaPlan) => void = () => {},
) {
  const scratch = path(`scratch-${name}`);
  await mkdir(scratch);
  const out = path(name);
  return {
    out,
    head: await writeDelta({ base: await side(from), target: await side(to), out, scratch, signal, onPlan }),
  };
}

async function apply(from: string, file: string, name: string) {
  const medium = await openMedium(from, signal);
  return await applyDelta({ base: medium, delta: file, out: path(name), trust: async () => one.key, signal });
}

const same = (a: string, b: string) => run(['diff', '--recursive', a, b]);
const exists = async (name: string) => (await stat(path(name)).catch(() => null)) !== null;

describe('a delta', () => {
  test('gives the newer bundle to the byte, and holds little more than what changed', async () => {
    const plans: DeltaPlan[] = [];
    const { out } = await delta(one, two, 'd12', (plan) => plans.push(plan));
    expect((await stat(out)).size).toBeLessThan(30_000 * 1.05 + 64_000);
    expect((await stat(out)).size).toBeLessThan((plans[0]?.most ?? 0) + 64_000);
    await apply(one.directory, out, 'made');
    await same(path('made'), two.directory);
  });

  test('is the same file each time', async () => {
    const first = await delta(one, two, 'first');
    const second = await delta(one, two, 'second');
    expect((await readFile(first.out)).equals(await readFile(second.out))).toBe(true);
  });

  test('goes on from what another gave', async () => {
    const { out: d12 } = await delta(one, two, 'd12');
    const { out: d23 } = await delta(two, three, 'd23');
    await apply(one.directory, d12, 'middle');
    await apply(path('middle'), d23, 'end');
    await same(path('end'), three.directory);
  });

  test('names both when it is given another base, and makes nothing', async () => {
    const { out } = await delta(two, three, 'd23');
    const refused = await refusal(apply(one.directory, out, 'made'));
    expect(refused.code).toBe('E2301');
    expect(refused.message).toBe(
      'the delta starts from harbour 222222222222 (sequence 2), but this is harbour 111111111111 (sequence 1)',
    );
    expect(await exists('made')).toBe(false);
    expect(await exists('made.new')).toBe(false);
  });

  test('does not lead back, nor to another site', async () => {
    expect((await refusal(delta(two, one, 'back'))).code).toBe('E2302');
  });

  test('writes over nothing', async () => {
    const { out } = await delta(one, two, 'd12');
    expect((await refusal(apply(one.directory, out, 'three'))).code).toBe('E1017');
    await same(three.directory, path('three'));
  });
});

/** Where the members of a tar start. Source: POSIX.1 pax, ustar interchange format. */
function starts(tar: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; tar[at] !== 0; ) {
    found.push(at);
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    at += 512 * (1 + Math.ceil(size / 512));
  }
  return found;
}

describe('a damaged delta makes no bundle', () => {
  test.each([0.2, 0.5, 0.9, 0.999])('cut off at %d of its length', async (part) => {
    const { out } = await delta(one, two, 'd12');
    const bytes = await readFile(out);
    await writeFile(out, bytes.subarray(0, Math.floor(bytes.length * part)));
    const refused = await refusal(apply(one.directory, out, 'made'));
    expect(['E2303', 'E2103']).toContain(refused.code);
    expect(await exists('made')).toBe(false);
  });

  test.each([
    ['a file', 'oci-layout', 'no oci-layout'],
    ['a blob', 'blobs/', 'no blobs/'],
  ])('cut off right before %s', async (_, member, missing) => {
    const { out } = await delta(one, two, 'd12');
    const bytes = await readFile(out);
    const header = starts(bytes).find((at) => bytes.toString('latin1', at, at + 100).startsWith(member));
    await writeFile(out, bytes.subarray(0, header));
    const refused = await refusal(apply(one.directory, out, 'made'));
    expect([refused.code, refused.message]).toEqual(['E2303', expect.stringContaining(missing)]);
    expect(await exists('made.new')).toBe(false);
  });

  test.each(['a blob', 'the manifest', 'the signature', 'the head'])(
    'one byte of %s changed',
    async (what) => {
      const { out, head } = await delta(one, two, 'd12');
      const bytes = await readFile(out);
      const marks: Record<string, () => number> = {
        'a blob': () => bytes.length - 1024 - Math.floor((head.blobs.at(-1)?.stored ?? 0) / 2) - 512,
        'the manifest': () => bytes.indexOf('"revision": "2222', bytes.indexOf('BundleManifest')) + 14,
        'the signature': () => bytes.indexOf('trusted comment: ') - 40,
        'the head': () => bytes.indexOf('"stored"') + 2,
      };
      const at = marks[what]?.() ?? 0;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(out, bytes);
      const refused = await refusal(apply(one.directory, out, 'made'));
      expect(refused.exit).toBe(3);
      expect(await exists('made')).toBe(false);
    },
  );

  test('a patch that says it stands for more than it is to stand for', async () => {
    const { out, head } = await delta(one, two, 'd12');
    const patched = head.blobs.findIndex(({ from }) => from !== undefined);
    expect(patched).toBeGreaterThanOrEqual(0);
    const bytes = await readFile(out);
    const size = head.blobs[patched]?.size ?? 0;
    // As long as before, so that nothing else of the file moves.
    const smaller = String(size - 1000).padStart(String(size).length);
    const at = bytes.indexOf(`"size": ${size}`);
    expect(at).toBeGreaterThan(0);
    bytes.write(`"size": ${smaller}`, at);
    await writeFile(out, bytes);
    expect(await refusal(apply(one.directory, out, 'made'))).toMatchObject({ code: 'E2103' });
    expect(await exists('made')).toBe(false);
  });

  test('a damaged base is found, whether a blob is kept or patched', async () => {
    const { out } = await delta(one, two, 'd12');
    const { manifest } = await side(one);
    const largest = manifest.blobs.toSorted((a, b) => b.size - a.size).slice(0, 2);
    for (const { digest } of largest) {
      const file = `${one.directory}/blobs/sha256/${digest.slice(7)}`;
      const good = await readFile(file);
      const bad = Buffer.from(good);
      bad[1000] = (bad[1000] ?? 0) ^ 1;
      await writeFile(file, bad);
      const refused = await refusal(apply(one.directory, out, 'made'));
      expect([refused.code, refused.subject]).toEqual(['E2103', digest]);
      await writeFile(file, good);
    }
  });
});
