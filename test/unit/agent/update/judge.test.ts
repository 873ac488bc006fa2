import { describe, expect, test } from 'vitest';
import { judgeRollback, judgeUpdate } from '../../../../agent/update/judge.ts';
import type { CpiabError } from '../../../../contract/errors.ts';
import type { Manifest } from '../../../../contract/manifest.ts';

const version = (sequence: number, kubernetes: string, state = 1): Manifest =>
  ({
    ...{ site: 'lab', revision: 'abc', sequence, expires: 1000, state },
    images: { [`registry.k8s.io/kube-apiserver:${kubernetes}`]: '' },
  }) as unknown as Manifest;

/** Code of the refusal, or null. */
function refused(judge: () => void): string | null {
  try {
    judge();
    return null;
  } catch (error) {
    return (error as CpiabError).code;
  }
}

const running = version(5, 'v1.36.3');
const update = (fresh: Manifest) =>
  refused(() => judgeUpdate(fresh, { manifest: running, floor: 5, now: 1 }));
const rollback = (other: Manifest) => refused(() => judgeRollback(other, running));

describe('an update of Kubernetes', () => {
  test.each([
    ['v1.36.3', null],
    ['v1.36.4', null],
    ['v1.37.0', null],
    ['v1.38.0', 'E5303'],
    ['v1.35.9', 'E5303'],
    ['v1.36.2', 'E5303'],
    ['v2.37.0', 'E5303'],
  ])('from v1.36.3 to %s: %s', (to, code) => {
    expect(update(version(6, to))).toBe(code);
  });
});

describe('going back', () => {
  test.each([
    ['v1.36.2', null],
    ['v1.35.9', 'E5303'],
    ['v1.37.0', 'E5303'],
  ])('from v1.36.3 to %s: %s', (to, code) => {
    expect(rollback(version(4, to))).toBe(code);
  });
});

test('a version with another minor version of etcd is let in neither forward nor back', () => {
  const withEtcd = (etcd: string, sequence: number): Manifest => {
    const { images, ...rest } = version(sequence, 'v1.36.3');
    return { ...rest, images: { ...images, [`registry.k8s.io/etcd:${etcd}`]: '' } };
  };
  const from = withEtcd('3.6.8-0', 5);
  const judged = (etcd: string) => [
    refused(() => judgeUpdate(withEtcd(etcd, 6), { manifest: from, floor: 5, now: 1 })),
    refused(() => judgeRollback(withEtcd(etcd, 4), from)),
  ];
  expect(judged('3.6.9-0')).toEqual([null, null]);
  expect(judged('3.7.0-0')).toEqual(['E5316', 'E5316']);
  expect(judged('3.5.21-0')).toEqual(['E5316', 'E5316']);
});

test('a version that keeps its state another way is let in neither forward nor back', () => {
  expect(update(version(6, 'v1.36.3', 2))).toBe('E5315');
  expect(rollback(version(4, 'v1.36.3', 2))).toBe('E5315');
});
