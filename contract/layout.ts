/**
 * The box layout: every path, port, address, unit and label that more than one
 * part of CPiaB relies on. The image stage writes them, the agent and the tests read them.
 */

/** File tree of a medium (ISO, slot), relative to its root. */
export const medium = {
  kernel: 'live/vmlinuz',
  initrd: 'live/initrd.img',
  module: (name: ModuleName) => `live/${name}.squashfs`,
  /** What starts a disk: code of its first sector, content of its BIOS boot and of its EFI system partition. */
  loader: { boot: 'boot/disk/boot.img', core: 'boot/disk/core.img', esp: 'boot/disk/esp.img' },
  bundle: 'bundle',
} as const;

/** Squashfs modules, lowest first. The initramfs stacks them in the order of their names. */
export const moduleNames = ['10-os', '20-engine', '30-agent'] as const;
export type ModuleName = (typeof moduleNames)[number];

/** Names inside a bundle directory. Source: OCI Image Layout Specification 1.1. */
export const bundleFiles = {
  ociLayout: 'oci-layout',
  index: 'index.json',
  manifest: 'manifest.json',
  signature: 'manifest.json.minisig',
  blobs: 'blobs/sha256',
  registry: 'docker/registry/v2',
} as const;

/** Absolute paths on a running box. */
export const box = {
  /** Where the initramfs mounts the medium, read-only. */
  medium: '/run/live/medium',
  bundle: '/run/live/medium/bundle',
  /** Layers of every image, unpacked once at build time; seen on the module's own mount, not through the root overlay. */
  layers: '/run/live/rootfs/20-engine.squashfs/usr/lib/cpiab/layers',
  programs: '/usr/lib/cpiab/bin',
  agent: '/usr/lib/cpiab/agent.mjs',
  /** The web console's files. */
  console: '/usr/lib/cpiab/console',
  /** Git's hooks: each asks the agent. */
  gitHooks: '/usr/lib/cpiab/hooks',
  /** CRDs of Flux, made by controller-gen at build time. */
  fluxCrds: '/usr/lib/cpiab/flux/crds.yaml',
  site: '/etc/cpiab/site.yaml',
  siteKey: '/etc/cpiab/minisign.pub',
  operatorCa: '/etc/cpiab/operator-ca.crt',
  state: '/var/lib/cpiab',
  /** Memory-backed: what must not outlive a reboot. */
  run: '/run/cpiab',
  /** `disk` or `memory`: where the state lies, as `units.data` found it. */
  stateKind: '/run/cpiab/data',
  /** Why a disk that is there is not in use; absent when nothing is wrong. */
  stateProblem: '/run/cpiab/data-problem',
  /** `auto`, `ask` or `never`: what the boot menu, or the host of a virtual machine, says about installing. */
  installMode: '/run/cpiab/install',
  /** Identifier that this box gave itself. */
  boxId: '/var/lib/cpiab/box-id',
  /** Highest bundle sequence this box has run. */
  sequence: '/var/lib/cpiab/sequence',
  /** Rotations of the site's key that bundles brought which this box has run. */
  rotations: '/var/lib/cpiab/rotations',
  /** Written when the engine's first start is complete. */
  initialised: '/var/lib/cpiab/engine-initialised',
  /** Files of updates, and the record of the last one. */
  updates: '/var/lib/cpiab/updates',
  git: '/var/lib/cpiab/git',
  artifacts: '/var/lib/cpiab/artifacts',
  tls: '/var/lib/cpiab/tls',
  /** Ed25519 key that the box signs its own records with. */
  sealKey: '/var/lib/cpiab/tls/seal.key',
  /** What was done to the box, by whom: only ever added to. */
  audit: '/var/lib/cpiab/audit',
  volumes: '/var/lib/cpiab/volumes',
  /** Encrypted backups, and a record beside each. */
  backups: '/var/lib/cpiab/backups',
  /** A snapshot that the engine begins with at its next start; then it is gone. */
  engineSnapshot: '/var/lib/cpiab/engine-snapshot',
  adminKubeconfig: '/etc/kubernetes/admin.conf',
  /** Made by the first `kubeadm init`; works before any role binding exists. */
  bootstrapKubeconfig: '/etc/kubernetes/super-admin.conf',
  containerdSocket: '/run/containerd/containerd.sock',
} as const;

/** Directories whose content must outlive a reboot; bind-mounted from below `box.state`. */
export const persisted = {
  containerd: '/var/lib/containerd',
  kubelet: '/var/lib/kubelet',
  etcd: '/var/lib/etcd',
  kubernetes: '/etc/kubernetes',
  cni: '/var/lib/cni',
} as const;

/** Below `box.state`, at a restore: being unpacked and worth nothing; whole and checked, to be put in place. */
export const restoring = { fresh: 'restore.new', staged: 'restore' } as const;

export const ports = {
  /** distribution, read-only, plain HTTP, loopback only: containerd's mirror. */
  registry: 5000,
  /** API, console, Git and registry proxy over TLS. */
  api: 7443,
  /** Flux artifacts, plain HTTP, node address only; kustomize-controller checks the digest. */
  artifacts: 7080,
  kubernetes: 6443,
} as const;

export const units = {
  data: 'cpiab-data.service',
  agent: 'cpiab-agent.service',
  containerd: 'containerd.service',
  registry: 'cpiab-registry.service',
  kubelet: 'kubelet.service',
  kubeProxy: 'kube-proxy.service',
  /** Debian's, on agents. */
  balancer: 'haproxy.service',
} as const;

/** Volume identifier of the ISO. */
export const volumeId = 'CPIAB';

/** File system label by which a box knows the partition or disk that keeps its state. */
export const dataLabel = 'CPIAB-DATA';

/** nftables table and counter that see every packet leaving the box unasked. */
export const egressCounter = { family: 'inet', table: 'cpiab_egress', name: 'denied' } as const;

export const flux = {
  namespace: 'flux-system',
  artifactName: 'site',
  rootName: 'cluster',
  branch: 'main',
  /** Folder in Git that the root Kustomization applies. */
  rootPath: (site: string) => `./cluster/kubernetes/flux/${site}`,
  /** Folder in Git with the controller's own manifests. */
  systemPath: 'cluster/kubernetes/flux/system',
} as const;

/** Media types of CPiaB's own OCI artifacts. */
export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  emptyConfig: 'application/vnd.oci.empty.v1+json',
  os: 'application/vnd.cpiab.os.v1',
  module: 'application/vnd.cpiab.os.module.v1+squashfs',
  kernel: 'application/vnd.cpiab.os.kernel.v1',
  initrd: 'application/vnd.cpiab.os.initrd.v1',
  loader: 'application/vnd.cpiab.os.loader.v1',
  git: 'application/vnd.cpiab.git.v1',
  gitBundle: 'application/vnd.cpiab.git.bundle.v1',
  lock: 'application/vnd.cpiab.lock.v1+json',
  files: 'application/vnd.cpiab.files.v1',
  file: 'application/vnd.cpiab.file.v1',
  sbom: 'application/spdx+json',
  provenance: 'application/vnd.in-toto+json',
} as const;
