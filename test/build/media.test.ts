import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keysDirectory } from '../../builder/bundle/keys.ts';
import { type Manifest, ManifestSchema } from '../../contract/manifest.ts';
import { type ProcessError, run } from '../../host/process.ts';
import { flip, middleOf } from '../boot/support/flip.ts';
import { buildLab, buildLabElsewhere, cpiab } from '../boot/support/lab.ts';
import { removeTree } from '../support/remove-tree.ts';

const media = ['cpiab-lab.iso', 'cpiab-lab.tar.zst'];

let scratch: string;
let dist: string;
let manifest: Manifest;
let largest: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-media-'));
  dist = join(scratch, 'dist');
  // A copy: files are changed here.
  await run(['cp', '--archive', await buildLab(), dist]);
  manifest = ManifestSchema.parse(JSON.parse(await readFile(join(dist, 'manifest.json'), 'utf8')));
  largest = manifest.blobs.toSorted((one, other) => other.size - one.size)[0]?.digest ?? '';
});
afterAll(() => removeTree(scratch));

/** What `cpiab verify` says of a file or directory: null when it is good. */
async function complaint(path: string): Promise<{ code: string; subject: string } | null> {
  return await cpiab('verify', path, '--json').then(
    () => null,
    (error: unknown) => {
      const { stderr, status } = error as ProcessError;
      expect(status).toBe(3);
      return JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as { code: string; subject: string };
    },
  );
}

describe('what a build makes', () => {
  test('is the same again elsewhere, by another umask and time zone', async () => {
    const out = join(scratch, 'again');
    await buildLabElsewhere(out);
    const indexes = media.flatMap((name) => [`${name}.chunks.json`, `${name}.chunks.json.minisig`]);
    for (const name of [...media, ...indexes]) await run(['cmp', join(dist, name), join(out, name)]);
  });

  test('is understood by minisign and skopeo', async () => {
    const key = join(keysDirectory('lab'), 'minisign.pub');
    for (const name of ['manifest.json', ...media.map((file) => `${file}.chunks.json`)])
      await run(['minisign', '-V', '-m', join(dist, name), '-p', key]);
    const [reference = '', digest = ''] = Object.entries(manifest.images)[0] ?? [];
    const argv = ['skopeo', 'inspect', '--format', '{{.Digest}}', `oci:${join(dist, 'bundle')}:${reference}`];
    expect((await run(argv)).stdout.trim()).toBe(digest);
  });

  test.for([...media, 'bundle'])('%s passes verification', async (name) => {
    expect(await complaint(join(dist, name))).toBeNull();
  });
});

test.for(media)('a damaged %s is mended from its volumes by the chunk alone', async (name) => {
  const path = join(dist, name);
  const volumes = join(scratch, `${name}.split`);
  await cpiab('split', path, '--volume-size', '100MB', '--out', volumes);
  const { size } = await stat(path);
  await flip(path, Math.floor(size / 2));
  const repaired = JSON.parse(await cpiab('repair', path, '--from', volumes, '--json'));
  expect(repaired.files).toMatchObject([{ bad: 1, copied: 1 << 20 }]);
  expect(await complaint(path)).toBeNull();
});

describe('one changed bit is found', () => {
  // The golden ratio's multiples: spread over the whole file, the same in every run.
  const spread = Array.from({ length: 4 }, (_, index) => ((index + 1) * 0.618_033_988_75) % 1);

  test.for(media)('anywhere in %s', async (name) => {
    const path = join(dist, name);
    const { size } = await stat(path);
    for (const position of [0, ...spread.map((part) => Math.floor(part * size)), size - 1]) {
      await flip(path, position);
      const found = await complaint(path);
      await flip(path, position);
      expect(found?.code, `byte ${position} of ${size}`).toMatch(/^CPIAB-E2/);
    }
    expect(await complaint(path)).toBeNull();
  });

  test('in a blob, which is named', async () => {
    const hex = largest.slice('sha256:'.length);
    const iso = join(dist, 'cpiab-lab.iso');
    await flip(iso, await middleOf(iso, `/bundle/blobs/sha256/${hex}`));
    expect((await complaint(iso))?.subject).toContain(hex);
    await flip(join(dist, 'bundle', 'blobs', 'sha256', hex), 4711);
    expect((await complaint(join(dist, 'bundle')))?.subject).toContain(hex);
  });
});
