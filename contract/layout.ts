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
  /** How the file begins that makes other machines nodes. */
  joinScript: '/usr/lib/cpiab/guest/join',
  /** Git's hooks: each asks the agent. */
  gitHooks: '/usr/lib/cpiab/hooks',
  /** CRDs of Flux, made by controller-gen at build time. */
  fluxCrds: '/usr/lib/cpiab/flux/crds.yaml',
  site: '/etc/cpiab/site.yaml',
  siteKey: '/etc/cpiab/minisign.pub',
  /** Names of this machine and of the API server; `/etc/hosts` leads here. */
  hosts: '/run/cpiab/hosts',
  /** What of the firewall depends on the site; nftables.conf includes it. */
  firewall: '/etc/cpiab/firewall.nft',
  /** What the pods' network is told before Kubernetes runs. */
  podNetwork: '/run/cpiab/pod-network.json',
  /** What it says of itself. */
  podNetworkStatus: '/run/cpiab-pod-network/status.json',
  /** Where its CNI plugin asks whether a pod's rules are in force. */
  podNetworkSocket: '/run/cpiab-pod-network/pod-network.sock',
  operatorCa: '/etc/cpiab/operator-ca.crt',
  state: '/var/lib/cpiab',
  /** Memory-backed: what must not outlive a reboot. */
  run: '/run/cpiab',
  /** `disk` or `memory`: where the state lies, as `units.data` found it. */
  stateKind: '/run/cpiab/data',
  /** What a person should know of the disk: a line for each thing, what is wrong, a tab, what to do. */
  stateProblem: '/run/cpiab/data-problem',
  /** What the site says about a state that is made, one word. */
  encryptionWanted: '/etc/cpiab/encryption',
  /** `tpm2` or `passphrase`: what opens the state that is in use; absent where it is not encrypted. */
  encryption: '/run/cpiab/encryption',
  /** A recovery passphrase that this start made; for the consoles, until somebody has it. */
  recovery: '/run/cpiab/recovery',
  /** `auto`, `ask` or `never`: what the boot menu, or the host of a virtual machine, says about installing. */
  installMode: '/run/cpiab/install',
  /** Directory where `find-seed` puts what it finds. */
  seedFound: '/run/cpiab/seed',
  /** What the seed says about installing, one word; for the data unit. */
  seedInstall: '/run/cpiab/seed/install',
  /** The seed's passphrase; for the data unit. */
  seedPassphrase: '/run/cpiab/seed/passphrase',
  /** What became of the seed. */
  seedResult: '/run/cpiab/seed/result.json',
  /** The seed that the box goes by when none is found. */
  seed: '/var/lib/cpiab/seed.yaml',
  /** Name that the cluster's node has; absent where it is the usual one. */
  hostname: '/var/lib/cpiab/hostname',
  /** The newest time that the box knew, as the file's own time. */
  clock: '/var/lib/cpiab/clock',
  /** Room that is kept back for a disk that is full. */
  reserve: '/var/lib/cpiab/reserve',
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
  /** Keys of age that decrypt the Secrets in Git, handed over by an operator. */
  ageKey: '/var/lib/cpiab/age.key',
  /** Ed25519 key that the box signs its own records with. */
  sealKey: '/var/lib/cpiab/tls/seal.key',
  /** What was done to the box, by whom: only ever added to. */
  audit: '/var/lib/cpiab/audit',
  /** Authorities of the box's own, made when the first node is let in. */
  pki: '/var/lib/cpiab/pki',
  /** Invitations and nodes. */
  enroll: '/var/lib/cpiab/enroll',
  /** How pools of the site are made to grow: what was approved last, and how far it is. */
  expansion: '/var/lib/cpiab/expansion.json',
  volumes: '/var/lib/cpiab/volumes',
  /** Of a node: its key, its certificate, and which cluster it joined. */
  node: '/var/lib/cpiab/node',
  /** What was found around the box. */
  inventory: '/var/lib/cpiab/inventory',
  /** The latest report of a post-check, and what one needs while it runs. */
  postcheck: '/var/lib/cpiab/postcheck',
  /** Stages of the site that are complete, with the signatures. */
  stages: '/var/lib/cpiab/stages.json',
  /** Encrypted backups, and a record beside each. */
  backups: '/var/lib/cpiab/backups',
  /** What is brought of a cargo, and which was landed last. */
  cargo: '/var/lib/cpiab/cargo',
  /** Says that the cluster's objects are those of a cargo; gone when nothing of them leads to its sender. */
  engineAdopted: '/var/lib/cpiab/engine-adopted',
  /** A snapshot that the engine begins with at its next start; then it is gone. */
  engineSnapshot: '/var/lib/cpiab/engine-snapshot',
  adminKubeconfig: '/etc/kubernetes/admin.conf',
  /** Made by the first `kubeadm init`; works before any role binding exists. */
  bootstrapKubeconfig: '/etc/kubernetes/super-admin.conf',
  /** Where systemd mounts the one hierarchy of cgroup v2. */
  cgroups: '/sys/fs/cgroup',
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
  /** Registry for nodes of the box, over TLS with their certificates. */
  nodes: 7444,
} as const;

export const units = {
  data: 'cpiab-data.service',
  agent: 'cpiab-agent.service',
  containerd: 'containerd.service',
  registry: 'cpiab-registry.service',
  /** One run of kubeadm, with the arguments that the agent wrote. */
  kubeadm: 'cpiab-kubeadm.service',
  /** One unpacking of a tar file. */
  unpack: 'cpiab-unpack.service',
  /** One change of the passphrase that opens the state. */
  passphrase: 'cpiab-passphrase.service',
  firewall: 'nftables.service',
  kubelet: 'kubelet.service',
  kubeProxy: 'kube-proxy.service',
  podNetwork: 'cpiab-pod-network.service',
  /** On a machine that runs another system: takes all of CPiaB off it. */
  leave: 'cpiab-leave.service',
  /** HAProxy, on an agent of several servers. */
  balancer: 'cpiab-balancer.service',
} as const;

/** Volume identifier of the ISO. */
export const volumeId = 'CPIAB';

/** File system label by which a box knows the partition or disk that keeps its state. */
export const dataLabel = 'CPIAB-DATA';

/** File system label of a disk that gets a copy of each backup. */
export const backupLabel = 'CPIAB-BACKUP';

/** File system label of a disk with an update that an operator brings: as long as FAT allows. */
export const stickLabel = 'CPIAB-STICK';

/** nftables table that decides about every packet; its counters are named in contract/firewall.ts. */
export const firewallTable = { family: 'inet', table: 'cpiab' } as const;

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
