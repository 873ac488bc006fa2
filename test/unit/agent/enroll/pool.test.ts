import { expect, test } from 'vitest';
import { declaredFor } from '../../../../agent/enroll/pool.ts';
import { NodesPolicySchema } from '../../../../contract/node-pools.ts';

const key = 'ab'.repeat(32);
const taints = [{ key: 'example.org/slow', effect: 'NoSchedule' }];
const { pools } = NodesPolicySchema.parse({
  pools: [
    { name: 'ingest', match: { names: ['ingest-*'] }, labels: { disk: 'fast' }, taints },
    { name: 'known', match: { keys: [key] } },
  ],
});
const node = { name: 'ingest-1', key: 'cd'.repeat(32), inventory: null };

test('the first pool that fits says which labels and taints a node has', () => {
  expect(declaredFor(pools, node)).toEqual({
    labels: { disk: 'fast', 'cpiab.dev/pool': 'ingest' },
    taints: [{ key: 'example.org/slow', value: '', effect: 'NoSchedule' }],
  });
  expect(declaredFor(pools, { ...node, key }).labels).toMatchObject({ 'cpiab.dev/pool': 'ingest' });
  expect(declaredFor(pools, { ...node, name: 'other', key })).toEqual({
    labels: { 'cpiab.dev/pool': 'known' },
    taints: [],
  });
});

test('a node that no pool fits has neither', () => {
  expect(declaredFor(pools, { ...node, name: 'other' })).toEqual({ labels: {}, taints: [] });
});

test('a pool that fits nothing, and a label that Kubernetes would refuse, are mistakes', () => {
  const wrong = [
    { name: 'a', match: {} },
    { name: 'a', match: { names: ['b'] }, labels: { '-x': '1' } },
    { name: 'a', match: { names: ['b'] }, labels: { x: 'a b' } },
    { name: 'a', match: { names: ['b'] }, taints: [{ key: 'x', effect: 'Never' }] },
  ];
  for (const pool of wrong) expect(NodesPolicySchema.safeParse({ pools: [pool] }).success).toBe(false);
});
