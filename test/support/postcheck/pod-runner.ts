import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { PodUser, VolumeMount } from '../../../agent/postcheck/pod.ts';
import { readSite } from '../../../builder/config/read-site.ts';
import { fetchDebs } from '../../../builder/fetch/debs.ts';
import { readLock } from '../../../builder/lock/read.ts';
import { cacheRoot } from '../../../host/cache.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { quietHost } from '../quiet-host.ts';
import type { KubeApi } from '../svid/kube-api.ts';
import { ends } from './kubelet.ts';
import { Rounds } from './rounds.ts';

const repository = join(import.meta.dirname, '../../..');
const DEB = 'busybox-static';

/** What lies behind a claim. */
export interface Behind {
  directory: string;
  isReadOnly?: boolean;
  /** Whom the NAS gives everything to that is written. */
  squash?: number;
  /** What the kubelet says when it cannot mount it. */
  problem?: string;
}

interface Pod {
  metadata: { name: string; namespace: string; uid: string };
  spec: {
    securityContext: PodUser;
    containers: { command: string[]; volumeMounts?: VolumeMount[] }[];
    volumes?: { persistentVolumeClaim?: { claimName: string } }[];
  };
  status: { phase: string };
}

/** `$1` directory, `$2` where it is to be, `$3` how; as often as wanted; then `--` and a command. */
const MOUNT = `while [ "$1" != -- ]; do
  mkdir -p "$2"; mount --bind "$1" "$2"; mount -o "remount,bind,$3" "$2"; shift 3
done
shift; exec "$@"`;

/**
 * In the place of a kubelet: runs what a pod of the post-check says, in a root of its own with the BusyBox of the box,
 * as the pod's user, with directories of this machine in the place of volumes. As root.
 */
export class PodRunner {
  readonly #kube: KubeApi;
  readonly #at: (...names: string[]) => string;
  // What was just deleted is for nobody.
  readonly #rounds = new Rounds(() => this.#round());
  readonly #seen = new Set<string>();
  /** By namespace and name of the claim, such as `shop/media`. */
  readonly behind: Record<string, Behind> = {};

  /** @param at joins names to an empty directory. */
  constructor(kube: KubeApi, at: (...names: string[]) => string) {
    this.#kube = kube;
    this.#at = at;
  }

  async start(): Promise<void> {
    const host = quietHost(repository, cacheRoot());
    const site = await readSite(repository, 'lab');
    const { lock } = await readLock(repository, site);
    const packages = lock.debian.packages.filter(({ name }) => name === DEB);
    const debs = await fetchDebs(site, { ...lock, debian: { ...lock.debian, packages } }, host);
    await mkdir(this.#at('busybox'), { recursive: true });
    await run(['dpkg-deb', '--extract', debs.file(DEB).path, this.#at('busybox')]);
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  async #round(): Promise<void> {
    const { items } = await this.#kube.client.get<{ items: Pod[] }>(
      '/api/v1/pods?labelSelector=cpiab.dev/postcheck',
    );
    const fresh = items.filter(({ metadata: { uid } }) => !this.#seen.has(uid));
    for (const { metadata } of fresh) this.#seen.add(metadata.uid);
    await Promise.all(fresh.map((pod) => this.#run(pod)));
  }

  async #run({ metadata: { name, namespace, uid }, spec }: Pod): Promise<void> {
    const [container] = spec.containers;
    const claim = spec.volumes?.[0]?.persistentVolumeClaim?.claimName ?? '';
    const behind = this.behind[`${namespace}/${claim}`];
    if (container === undefined || behind === undefined) throw new Error(`${name}: no such claim: ${claim}`);
    if (behind.problem !== undefined) return await this.#warn({ name, namespace, uid }, behind.problem);
    const root = await this.#root(uid);
    const mounts = (container.volumeMounts ?? []).flatMap(({ mountPath, subPath = '' }) => [
      ...[join(behind.directory, subPath), join(root, mountPath), behind.isReadOnly === true ? 'ro' : 'rw'],
    ]);
    const { runAsUser, runAsGroup = 0, fsGroup = runAsGroup } = spec.securityContext;
    const user = [`--userspec=${behind.squash ?? runAsUser}:${runAsGroup}`, `--groups=${fsGroup}`];
    const inside = ['chroot', ...user, root, ...container.command];
    const status = await run(['unshare', '--mount', 'sh', '-ec', MOUNT, 'sh', ...mounts, '--', ...inside], {
      env: {},
    }).then(
      () => ends.succeeded,
      (error: unknown) => failed(error),
    );
    await this.#kube.client.patchStatus(`/api/v1/namespaces/${namespace}/pods/${name}`, status);
  }

  /** As the image of the box: BusyBox, and the links of its recipe that the scripts call. */
  async #root(name: string): Promise<string> {
    const root = this.#at('roots', name);
    await mkdir(join(root, 'bin'), { recursive: true });
    await run(['cp', this.#at('busybox', 'usr/bin/busybox'), join(root, 'bin/busybox')]);
    await mkdir(join(root, 'dev'));
    await run(['cp', '--archive', '/dev/null', join(root, 'dev/null')]);
    for (const tool of ['sh', 'cat', 'rm', 'stat']) await symlink('busybox', join(root, 'bin', tool));
    return root;
  }

  /** Source: Kubernetes, pkg/kubelet/volumemanager and k8s.io/mount-utils: how a failed mount is told. */
  async #warn(pod: { name: string; namespace: string; uid: string }, problem: string): Promise<void> {
    await this.#kube.client.create(`/api/v1/namespaces/${pod.namespace}/events`, {
      metadata: { generateName: `${pod.name}.` },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', ...pod },
      type: 'Warning',
      reason: 'FailedMount',
      message: `MountVolume.SetUp failed for volume "media": mount failed: exit status 32\nMounting command: mount\nMounting arguments: -t nfs nas:/data /var/lib/kubelet/x\nOutput: ${problem}\n`,
    });
  }
}

function failed(error: unknown) {
  if (!(error instanceof ProcessError)) throw error;
  const message = error.stdout + error.stderr;
  const terminated = { exitCode: error.status ?? 1, reason: 'Error', message };
  const [container] = ends.failed.containerStatuses;
  return { ...ends.failed, containerStatuses: [{ ...container, state: { terminated } }] };
}
