import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { JoinMaterial } from '../../../contract/join-material.ts';
import { persisted } from '../../../contract/layout.ts';
import type { Site } from '../../../contract/site.ts';
import { writeAtomic } from '../../../host/files.ts';
import { until } from '../../until.ts';
import type { Progress, Self, StartedServer } from '../engine.ts';
import { writeAuthorities } from './authorities.ts';
import type { Kubeadm } from './command.ts';
import type { KubeadmInput } from './config.ts';
import { balancerConfig, hostsText } from './endpoint.ts';
import type { HostFiles } from './host-files.ts';
import { joinDocument } from './join.ts';
import { lastManifest, manifestDirectory, stageStaticPods } from './static-pods.ts';

const STAGE_MS = 500;
export const balancerFile = '/run/cpiab/haproxy.cfg';

/** What a node that joins a cluster, or has joined one, is started with. */
export interface JoinedNode {
  site: Site;
  self: Self;
  files: HostFiles;
  input: KubeadmInput;
  kubeadm: Kubeadm;
  /** File that says that this node has joined. */
  initialised: string;
}

/** Lets this node reach the API server at an address. @param hosts what `/etc/hosts` is, or leads to. */
export async function pointEndpoint(hosts: string, self: Self, address: string): Promise<void> {
  await writeAtomic(hosts, hostsText(self, address));
}

/** Makes the cluster. @param done where its end is remembered: a first start that was cut off begins anew. */
export async function initialise(
  kubeadm: Kubeadm,
  files: HostFiles,
  done: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<StartedServer> {
  const args = ['init', '--config', files.kubeadm, '--skip-token-print'];
  const begun = new AbortController();
  const complete = completed(kubeadm, args, done, progress, signal, begun.signal);
  await Promise.race([until(() => existsSync(lastManifest), signal), complete]);
  begun.abort();
  await stageStaticPods('api-server', files.staticPods);
  return { cluster: 'new', complete };
}

/** Writes what `kubeadm join` reads: for a server the keys of the authorities too. */
export async function writeJoinFiles(
  files: HostFiles,
  input: KubeadmInput,
  material: JoinMaterial,
): Promise<void> {
  if (material.role === 'control-plane')
    await writeAuthorities(join(persisted.kubernetes, 'pki'), material.authorities);
  await mkdir(dirname(files.join), { recursive: true });
  // The token in it is worth a place in the cluster.
  await writeAtomic(files.join, stringify(joinDocument(input, material)), { mode: 0o600 });
}

/** Writes the balancer's configuration. It has to be restarted for it. */
export async function writeBalancer(servers: readonly string[], file: string = balancerFile): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeAtomic(file, balancerConfig(servers));
}

/** Runs `kubeadm join` of a server, and shows kubelet the static pods as kubeadm writes them. */
export async function joinAsServer(
  kubeadm: Kubeadm,
  files: HostFiles,
  done: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  const joined = completed(kubeadm, ['join', '--config', files.join], done, progress, signal).finally(() =>
    ended.abort(),
  );
  await Promise.all([joined, stageMeanwhile(files.staticPods, AbortSignal.any([signal, ended.signal]))]);
}

/** The API server is shown once etcd's manifest is there: that is when etcd took this node in. */
async function stageMeanwhile(staged: string, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    if (existsSync(join(manifestDirectory, 'etcd.yaml'))) await stageStaticPods('all', staged);
    await sleep(STAGE_MS, undefined, { signal: ended }).catch(() => {});
  }
}

/** Runs kubeadm to its end, tells what it is at until nobody wants to know, and remembers that it ended well. */
export function completed(
  kubeadm: Kubeadm,
  args: readonly string[],
  done: string,
  progress: Progress,
  signal: AbortSignal,
  quiet?: AbortSignal,
): Promise<void> {
  const onLine = (line: string) => {
    // Such as `[certs] Generating "ca" certificate and key`.
    if (/^\[[\w-]+\] /.test(line) && quiet?.aborted !== true) progress(line);
  };
  const complete = kubeadm(args, onLine, signal).then(() =>
    writeAtomic(done, `${new Date().toISOString()}\n`),
  );
  // Reported by whoever awaits it; it may fail before anybody does.
  complete.catch(() => {});
  return complete;
}
