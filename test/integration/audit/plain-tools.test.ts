import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import { audit, auditedBundle, other } from '../../support/audit.ts';
import { type Forgery, forge } from '../../support/forge.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import type { TinyBundle } from '../../support/tiny-bundle.ts';

const path = freshDirectory();
const page = join(dirname(import.meta.dirname), '..', '..', 'docs', 'operate', 'audit.md');
let bundle: TinyBundle;
beforeEach(async () => {
  bundle = await auditedBundle(path());
});

/** The page's commands, run in the bundle's directory. */
async function plainTools(): Promise<boolean> {
  const [, block = ''] =
    /## Without CPiaB.*?```sh\n(?<block>.*?)```/s.exec(await readFile(page, 'utf8')) ?? [];
  const script = block.replaceAll('/tmp/signed', path('signed')).replace('"$(date +%s)"', '1763000001');
  expect(script).toContain('minisign');
  return await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: bundle.directory,
    env: { ...process.env, KEY: path('keys', 'minisign.pub') },
  }).then(
    () => true,
    () => false,
  );
}

test('the commands of the page agree with the audit that a bundle is good', async () => {
  expect([(await audit(bundle)).report.verified, await plainTools()]).toEqual([true, true]);
});

const forgeries: Record<string, Forgery> = {
  'provenance of another image': {
    documents: {
      provenance: ({ subject }) => void Object.assign(subject[0].digest, { sha256: 'a'.repeat(64) }),
    },
  },
  'an image that is not described': {
    documents: {
      sbom: ({ packages }) => {
        const found = packages.find(({ name }: { name: string }) => name === other);
        delete found.checksums;
        delete found.externalRefs;
      },
    },
  },
  'another lock': { documents: { lock: (lock) => void Object.assign(lock, { epoch: 1 }) } },
  'an expiry in the past': {
    manifest: (manifest) => void Object.assign(manifest, { expires: 1_763_000_000 }),
  },
};

test.for(Object.entries(forgeries))('and that it is not: %s', async ([, forgery]) => {
  await forge(path(), bundle.directory, forgery);
  expect([(await audit(bundle)).report.verified, await plainTools()]).toEqual([false, false]);
});

test('and that it is not: a blob of other content, one too many, another signature', async () => {
  const manifest = await readFile(join(bundle.directory, 'manifest.json'), 'utf8');
  const [{ digest }] = JSON.parse(manifest).blobs;
  const blob = join(bundle.directory, 'blobs/sha256', digest.slice(7));
  const good = await readFile(blob);
  await writeFile(blob, 'other');
  expect(await plainTools()).toBe(false);
  await writeFile(blob, good);
  await writeFile(
    join(bundle.directory, 'manifest.json'),
    manifest.replace('"sequence": 7', '"sequence": 8'),
  );
  expect(await plainTools()).toBe(false);
  await writeFile(join(bundle.directory, 'manifest.json'), manifest);
  expect(await plainTools()).toBe(true);
  await writeFile(`${blob.slice(0, -1)}z`, 'more');
  expect(await plainTools()).toBe(false);
});
