import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { changesBetween } from '../../../../builder/lock/update.ts';
import { type Lock, LockSchema } from '../../../../contract/lock.ts';

const repository = dirname(dirname(dirname(dirname(import.meta.dirname))));
const text = await readFile(join(repository, 'config', 'clusters', 'lab.lock.json'), 'utf8');
const lock = LockSchema.parse(JSON.parse(text));

/** The committed lock, with some packages' versions changed; null takes the package out. */
function changed(versions: Record<string, string | null>): Lock {
  const packages = lock.debian.packages.flatMap((found) => {
    const version = found.name in versions ? versions[found.name] : found.version;
    return typeof version === 'string' ? [{ ...found, version }] : [];
  });
  return { ...lock, debian: { ...lock.debian, packages } };
}

test('a lock is the same as itself', () => {
  expect(changesBetween(lock, structuredClone(lock))).toEqual([]);
});

test('versions that differ are listed by name, with both', () => {
  expect(changesBetween(changed({ git: '1:0.9-1', runc: null }), changed({ zstd: null }))).toEqual([
    { name: 'git', before: '1:0.9-1', after: expect.stringMatching(/^1:2/) },
    { name: 'runc', before: null, after: expect.any(String) },
    { name: 'zstd', before: expect.any(String), after: null },
  ]);
});

test('without an old lock all is new', () => {
  const changes = changesBetween(null, lock);
  expect(changes.length).toBeGreaterThan(10);
  expect(changes.every(({ before }) => before === null)).toBe(true);
});
