import { expect, test } from 'vitest';
import type { ClusterNode } from '../../../../agent/kube/nodes.ts';
import { patchFor } from '../../../../agent/members/declare.ts';

const slow = { key: 'slow', value: '', effect: 'NoSchedule' } as const;
const node = (labels: Record<string, string>, taints: ClusterNode['spec']['taints']): ClusterNode => ({
  metadata: { name: 'n', resourceVersion: '7', labels },
  spec: { ...(taints === undefined ? {} : { taints }) },
  status: { nodeInfo: { kubeletVersion: 'v1.35.0' } },
});

test('nothing is changed of a Node that is as it is declared', () => {
  const own = node({ a: '1', b: '2' }, [{ key: 'slow', effect: 'NoSchedule' }]);
  expect(patchFor(own, { labels: { a: '1' }, taints: [slow] })).toBeNull();
});

test('what is missing or different is set, and what others have set stays', () => {
  const others = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const;
  const own = node({ a: '0', b: '2' }, [others, { key: 'slow', value: 'x', effect: 'NoSchedule' }]);
  expect(patchFor(own, { labels: { a: '1' }, taints: [slow] })).toEqual({
    metadata: { labels: { a: '1' }, resourceVersion: '7' },
    spec: { taints: [others, slow] },
  });
  expect(patchFor(node({}, undefined), { labels: { a: '1' }, taints: [] })).toEqual({
    metadata: { labels: { a: '1' }, resourceVersion: '7' },
  });
});
