import { setTimeout as sleep } from 'node:timers/promises';
import { ports } from '../../contract/layout.ts';
import { svidConfigMap, svidLabel } from '../../contract/svid.ts';
import type { Board } from '../board.ts';
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { objectPath } from '../kube/path.ts';
import { journal } from '../report/journal.ts';

const LOOK_MS = 15_000;

interface Found {
  items: { metadata: { name: string; namespace?: string }; data?: Record<string, string> }[];
}

/**
 * Tells namespaces that want it where the box is and by which certificate it is known, as long as it runs: a workload
 * must know whom it shows its token to.
 */
export async function tellWorkloads(board: Board, signal: AbortSignal): Promise<void> {
  const kube = await board.when('kube');
  const { certificate } = await board.when('identity');
  const address = `${board.site.network.nodeAddress}:${ports.api}`;
  const data = { [svidConfigMap.address]: address, [svidConfigMap.certificate]: certificate };
  for (;;) {
    await tell(kube, data, signal).catch((error: Error) => {
      signal.throwIfAborted();
      journal('warn', { svid: error.message });
    });
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** Once. What is as it should be is not written again. */
export async function tell(
  kube: KubeClient,
  data: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const label = encodeURIComponent(`${svidLabel.key}=${svidLabel.value}`);
  const wanting = await kube.get<Found>(`/api/v1/namespaces?labelSelector=${label}`, signal);
  if (wanting.items.length === 0) return;
  const named = `metadata.name=${svidConfigMap.name}`;
  const { items } = await kube.get<Found>(`/api/v1/configmaps?fieldSelector=${named}`, signal);
  const isTold = (namespace: string) =>
    items.some(
      ({ metadata, data: told = {} }) =>
        metadata.namespace === namespace && Object.entries(data).every(([key, value]) => told[key] === value),
    );
  for (const { metadata } of wanting.items.filter(({ metadata: { name } }) => !isTold(name))) {
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: svidConfigMap.name, namespace: metadata.name },
      data,
    };
    await kube.apply(objectPath(object), object, signal);
  }
}
