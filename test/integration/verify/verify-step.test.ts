import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Board, type Paths } from '../../../agent/board.ts';
import { boot } from '../../../agent/boot.ts';
import { BoxReport } from '../../../agent/report/report.ts';
import type { Step } from '../../../agent/step.ts';
import { isEmulated } from '../../../agent/verify/hash.ts';
import { verify } from '../../../agent/verify/verify.ts';
import { type SiteKeys, siteKeys } from '../../../builder/bundle/keys.ts';
import {
  encodePublicKey,
  encodeSecretKey,
  generateSiteKey,
  keyName,
  signBytes,
} from '../../../builder/bundle/minisign.ts';
import { type Rotations, rotateKey } from '../../../builder/bundle/rotate.ts';
import { box } from '../../../contract/layout.ts';
import { parseBoxSite } from '../../../contract/site.ts';

const site = parseBoxSite({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'lab',
  engine: { version: 'v1.36.3' },
});
const key = generateSiteKey();
const { signal } = new AbortController();
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
let root: string;
let paths: Paths;

/** Writes a signed bundle of the given blobs, as a medium would carry it. */
async function writeMedium(
  blobs: Record<string, Buffer>,
  sequence = 5,
  signer = key,
  rotations: Rotations = new Map(),
): Promise<void> {
  const beside = new Map([['index.json', '{}'], ...rotations]);
  await mkdir(join(paths.bundle, 'blobs/sha256'), { recursive: true });
  await mkdir(join(paths.medium, 'live'), { recursive: true });
  for (const bytes of Object.values(blobs))
    await writeFile(join(paths.bundle, 'blobs/sha256', sha256(bytes)), bytes);
  for (const [name, text] of beside) await writeFile(join(paths.bundle, name), text);
  const os = blobs['os-module'];
  if (os !== undefined) await writeFile(join(paths.medium, 'live/10-os.squashfs'), os);
  const manifest = Buffer.from(
    JSON.stringify({
      apiVersion: 'cpiab.dev/v1',
      kind: 'BundleManifest',
      site: 'lab',
      sequence,
      revision: 'a'.repeat(40),
      lock: `sha256:${'0'.repeat(64)}`,
      previous: null,
      expires: 2_000_000_000,
      images: {},
      artifacts: {},
      links: os === undefined ? {} : { 'live/10-os.squashfs': `sha256:${sha256(os)}` },
      files: Object.fromEntries(
        [...beside].map(([name, text]) => [name, `sha256:${sha256(Buffer.from(text))}`]),
      ),
      blobs: Object.entries(blobs).map(([role, bytes]) => ({
        digest: `sha256:${sha256(bytes)}`,
        size: bytes.length,
        role,
        for: ['os'],
      })),
    }),
  );
  await writeFile(join(paths.bundle, 'manifest.json'), manifest);
  await writeFile(join(paths.bundle, 'manifest.json.minisig'), signBytes(manifest, signer, 'test'));
}

const large = Buffer.alloc(3 << 20, 'module');
const content = { 'os-module': large, git: Buffer.from('small') };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cpiab-verify-'));
  paths = Object.fromEntries(
    Object.entries(box)
      .filter(([name]) => name !== 'programs')
      .map(([name, path]) => [name, join(root, path)]),
  ) as Paths;
  await mkdir(join(root, 'etc/cpiab'), { recursive: true });
  await mkdir(paths.state, { recursive: true });
  await writeFile(paths.siteKey, encodePublicKey(key));
});
afterEach(() => rm(root, { recursive: true }));

/** Runs the one step, then one that must never run after a failure. */
async function bootOnce() {
  const report = new BoxReport(['verify', 'engine'], () => 1000, 'lab');
  const board = new Board(site, report, () => {}, paths);
  let kubernetes = false;
  const steps: Step[] = [
    { name: 'verify', does: '', run: verify },
    {
      name: 'engine',
      does: '',
      run: async () => {
        kubernetes = true;
        return '';
      },
    },
  ];
  const complete = await boot(steps, board, async () => {}, signal);
  return { complete, kubernetes, status: report.snapshot(), board };
}

test('a good bundle passes, with the evidence', async () => {
  await writeMedium(content);
  const { complete, status } = await bootOnce();
  expect(complete).toBe(true);
  expect(status.steps[0]?.detail).toBe(`sequence 5, signed by ${keyId()}; 3 files, 3 MiB match`);
  expect(status.box).toMatchObject({ sequence: 5, version: 'a'.repeat(40) });
  expect(await readFile(paths.sequence, 'utf8')).toBe('5\n');
});

describe('refused before Kubernetes starts, for good', () => {
  test('one flipped byte of a module in use', async () => {
    await writeMedium(content);
    const damaged = Buffer.from(large);
    damaged.writeUInt8(0, 2 << 20);
    await writeFile(join(paths.medium, 'live/10-os.squashfs'), damaged);
    const { complete, kubernetes, status } = await bootOnce();
    expect({ complete, kubernetes, phase: status.phase }).toEqual({
      complete: false,
      kubernetes: false,
      phase: 'failed',
    });
    expect(status.problem).toBe(
      `sha256:${sha256(large)} (os-module of live/10-os.squashfs): the content does not match its digest`,
    );
    expect(status.nextAction).toMatch(/copy it again from a good source/);
  });

  test('one flipped byte of a small blob', async () => {
    await writeMedium(content);
    await writeFile(join(paths.bundle, 'blobs/sha256', sha256(content.git)), 'SMALL');
    const { status } = await bootOnce();
    expect(status.problem).toContain(`sha256:${sha256(content.git)} (git of os)`);
  });

  test('a changed manifest', async () => {
    await writeMedium(content);
    const path = join(paths.bundle, 'manifest.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"sequence":5', '"sequence":6'));
    expect((await bootOnce()).status.problem).toMatch(/signature does not verify/);
  });

  test('a manifest signed by another key', async () => {
    await writeMedium(content, 5, generateSiteKey());
    expect((await bootOnce()).status.problem).toMatch(/signed by key [0-9A-F]{16}, expected key/);
  });

  test('an unsigned manifest is not even parsed', async () => {
    await writeMedium(content);
    await writeFile(join(paths.bundle, 'manifest.json'), '{ not json');
    expect((await bootOnce()).status.problem).toMatch(/signature does not verify/);
  });

  test('a missing blob', async () => {
    await writeMedium(content);
    await rm(join(paths.bundle, 'blobs/sha256', sha256(content.git)));
    expect((await bootOnce()).status.problem).toMatch(/listed in the signed manifest, but missing/);
  });

  test('an older sequence than this box has run', async () => {
    await writeMedium(content);
    await writeFile(paths.sequence, '9\n');
    expect((await bootOnce()).status.problem).toMatch(/sequence 5 is older than 9/);
  });
});

describe('a key that was replaced', () => {
  let next: SiteKeys;
  beforeEach(async () => {
    const directory = join(root, 'keys');
    await mkdir(directory);
    await writeFile(join(directory, 'minisign.key'), encodeSecretKey(key));
    await rotateKey(directory, 'lab', key, 5);
    next = await siteKeys(directory);
  });

  test('may sign no more, but the one that it named may', async () => {
    await writeMedium(content, 6, next.site, next.rotations);
    expect((await bootOnce()).status.steps[0]?.detail).toContain(`signed by ${keyName(next.site)}`);
    await writeMedium(content, 6, key, next.rotations);
    expect((await bootOnce()).status.problem).toMatch(/was retired after sequence 5; this is 6/);
  });

  test('is known as retired to a box that has run its successor, also where the medium says nothing', async () => {
    await writeFile(paths.siteKey, next.publicKey);
    await writeMedium(content, 6, next.site, next.rotations);
    expect((await bootOnce()).complete).toBe(true);
    // The older medium brings an OS with the older key.
    await writeFile(paths.siteKey, encodePublicKey(key));
    await writeMedium(content, 7, key);
    const { kubernetes, status } = await bootOnce();
    expect(status.problem).toMatch(/was retired after sequence 5; this is 7/);
    expect(kubernetes).toBe(false);
  });

  test('has to have signed what names the next', async () => {
    const forged = new Map(
      [...next.rotations].map(([name, text]) => [
        name,
        name.endsWith('.minisig') ? signBytes(Buffer.from('other'), next.site, 'x') : text,
      ]),
    );
    await writeMedium(content, 6, next.site, forged);
    expect((await bootOnce()).status.problem).toMatch(/is not signed by that key/);
    await writeMedium(content, 6, next.site);
    await rm(join(paths.bundle, [...forged.keys()][0] ?? ''));
    expect((await bootOnce()).status.problem).toMatch(/signed by key [0-9A-F]{16}, expected key/);
  });
});

test('an agent that restarts in the same boot does not hash again', async () => {
  await writeMedium(content);
  await bootOnce();
  await writeFile(join(paths.bundle, 'blobs/sha256', sha256(content.git)), 'SMALL');
  const { status, board } = await bootOnce();
  expect(status.steps[0]?.detail).toMatch(/checked earlier in this boot/);
  await board.get('blobs').verified(`sha256:${sha256(content.git)}`);
});

test("QEMU's software emulation is told from real processors, and from one with SHA instructions", async () => {
  const path = join(root, 'cpuinfo');
  const cpuinfo = async (model: string, flags: string) => {
    await writeFile(path, `processor\t: 0\nmodel name\t: ${model}\nflags\t\t: ${flags}\n`);
    return await isEmulated(path);
  };
  expect(await cpuinfo('QEMU TCG CPU version 2.5+', 'fpu avx2')).toBe(true);
  expect(await cpuinfo('QEMU TCG CPU version 2.5+', 'fpu avx2 sha_ni')).toBe(false);
  expect(await cpuinfo('Intel(R) N100', 'fpu avx2')).toBe(false);
});

const keyId = () => Buffer.from(key.id).reverse().toString('hex').toUpperCase();
