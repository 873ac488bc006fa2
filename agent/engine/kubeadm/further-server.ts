import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JoinMaterial } from '../../../contract/join-material.ts';
import { persisted, units } from '../../../contract/layout.ts';
import { ProcessError, run } from '../../../host/process.ts';
import type { Progress } from '../engine.ts';
import { tryRun } from '../leftovers.ts';
import { etcdAccess, etcdctl } from './etcd/access.ts';
import { listMembers } from './etcd/members.ts';
import { lastLine } from './etcd/snapshot.ts';
import { isOwnControlPlane, keepOwnControlPlane, markFile, rewriteControlPlane } from './rewrite.ts';
import { type JoinedNode, joinAsServer, pointEndpoint, writeJoinFiles } from './start.ts';
import { stageStaticPods } from './static-pods.ts';

const POLL_MS = 1000;
const admin = join(persisted.kubernetes, 'admin.conf');
/** What kubeadm marks a Node of the control plane with. Source: kubeadm, phase mark-control-plane. */
const labels = [
  'node-role.kubernetes.io/control-plane=',
  'node.kubernetes.io/exclude-from-external-load-balancers=',
];

/** Joins as one more server. It returns when its member of etcd votes. */
export async function joinServer(
  { self, files, input, kubeadm, initialised }: JoinedNode,
  material: JoinMaterial,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  await pointEndpoint(files.hosts, self, material.servers[0] ?? self.address);
  await writeJoinFiles(files, input, material);
  await joinAsServer(kubeadm, files, initialised, progress, signal);
  await keepOwnControlPlane(files);
}

/** Whether etcd ever ran here: it has made sure itself that its log is on the disk. */
export function hasStore(dataDir: string = persisted.etcd): boolean {
  return existsSync(join(dataDir, 'member', 'wal'));
}

/**
 * Shows kubelet, which does not run yet, what the API server of a server that joined needs. What another version wrote,
 * or a join that was cut off, is written anew.
 */
export async function startServerAgain(
  { self, files, kubeadm }: JoinedNode,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  await pointEndpoint(files.hosts, self, self.address);
  if (!(await isOwnControlPlane(files))) {
    const wasWhole = existsSync(markFile);
    if (!wasWhole) await makeWhole(kubeadm, files.kubeadm, signal);
    await rewriteControlPlane(kubeadm, files, progress, signal);
    // Else it has still to be completed.
    if (wasWhole) await keepOwnControlPlane(files);
  }
  await stageStaticPods('api-server', files.staticPods);
}

/**
 * Makes what a join that was cut off may have left half written, by the authorities that it was given: they were on the
 * disk before it began.
 */
async function makeWhole(kubeadm: JoinedNode['kubeadm'], config: string, signal: AbortSignal): Promise<void> {
  // The agent alone may have been cut off.
  await tryRun(['systemctl', 'stop', units.kubeadm], signal);
  for (const name of await readdir(persisted.kubernetes))
    if (name.endsWith('.conf')) await rm(join(persisted.kubernetes, name));
  for (const phase of ['certs', 'kubeconfig'])
    await kubeadm(['init', 'phase', phase, 'all', '--config', config], () => {}, signal);
}

/** Does what a join that was cut off has not done in the cluster; kubelet runs. @param servers addresses of all. */
export async function completeServer(
  { self, files }: JoinedNode,
  servers: readonly string[],
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  if (existsSync(markFile)) return;
  progress('completing a join that was cut off');
  await untilDone(() => vote(self.address, servers, signal), progress, signal);
  const mark = ['kubectl', '--kubeconfig', admin, 'label', 'node', self.name, '--overwrite', ...labels];
  await untilDone(() => run(mark, { signal }), progress, signal);
  await keepOwnControlPlane(files);
}

/** A member that only learns can't ask for it: those that vote are asked. */
async function vote(address: string, servers: readonly string[], signal: AbortSignal): Promise<void> {
  const etcd = etcdAccess(servers.map((one) => `https://${one}:2379`));
  const own = (await listMembers(etcd, signal)).find(({ peers }) =>
    peers.includes(`https://${address}:2380`),
  );
  if (own === undefined) throw new Error('etcd knows no member at its address');
  if (own.learner) await etcdctl(etcd, ['member', 'promote', own.id], signal);
}

async function untilDone(
  work: () => Promise<unknown>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const failure = await work().then(
      () => null,
      (error: unknown) => error,
    );
    signal.throwIfAborted();
    if (failure === null) return;
    const why = failure instanceof ProcessError ? lastLine(failure) : (failure as Error).message;
    progress(`completing a join that was cut off: ${why}`);
    await sleep(POLL_MS, undefined, { signal });
  }
}
