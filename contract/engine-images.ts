/** The images that kubeadm's manifests name, as the bundle has them. */
export interface EngineImages {
  etcd: string;
  coredns: string;
  pause: string;
  /** kube-apiserver, kube-controller-manager, kube-scheduler. */
  controlPlane: string[];
}

/** kubeadm derives the control plane's names from this and the version. */
export const imageRepository = 'registry.k8s.io';

/** Where kubeadm looks for CoreDNS, and the box for what holds a pod together; the tags are the bundle's. */
const repositories = {
  etcd: `${imageRepository}/etcd`,
  coredns: `${imageRepository}/coredns/coredns`,
  pause: 'cpiab.dev/oci/pause',
} as const;

/**
 * Finds the engine's images in the bundle. One that isn't there is named without a tag, so that the
 * check against the bundle names it.
 * @param names full references of the bundle's images.
 * @param version of Kubernetes, such as `v1.36.3`.
 */
export function engineImages(names: readonly string[], version: string): EngineImages {
  const find = (repository: string) => names.find((name) => name.startsWith(`${repository}:`)) ?? repository;
  return {
    etcd: find(repositories.etcd),
    coredns: find(repositories.coredns),
    pause: find(repositories.pause),
    controlPlane: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
      (program) => `${imageRepository}/${program}:${version}`,
    ),
  };
}

/** The version of Kubernetes that images are of; null where there is none. */
export const kubernetesVersion = (names: readonly string[]) =>
  versionIn(names, `${imageRepository}/kube-apiserver`);

/** The version of etcd among images, such as `3.6.8-0`; null where there is none. */
export const etcdVersion = (names: readonly string[]) => versionIn(names, repositories.etcd);

function versionIn(names: readonly string[], repository: string): string | null {
  const name = names.find((reference) => reference.startsWith(`${repository}:`));
  return name === undefined ? null : tagOf(name);
}

/** The part after the colon. */
export const tagOf = (reference: string) => reference.slice(reference.lastIndexOf(':') + 1);
