import { type EngineImages, imageRepository, tagOf } from '../../../contract/engine-images.ts';
import type { BoxSite } from '../../../contract/site.ts';

export interface KubeadmInput {
  site: BoxSite;
  images: EngineImages;
  /** Name of this node. */
  node: string;
  containerdSocket: string;
  /** Path of the resolv.conf that pods outside the cluster's DNS get. */
  resolvConf: string;
  /** Directory of the static pods that kubelet runs. */
  staticPods: string;
  /** Directory of patches for what kubeadm generates. */
  patches: string;
}

interface Argument {
  name: string;
  value: string;
}

const API_VERSION = 'kubeadm.k8s.io/v1beta4';
/** An emulated or busy box is ten times slower than kubeadm expects; a step that is stuck shows on the console anyway. */
const PATIENCE = '15m0s';
const QUIET: Argument = { name: 'profiling', value: 'false' };
/** Starting allocates much and keeps little: half as many collections are a tenth of the whole start. Source: Go's runtime, GOGC. */
const GARBAGE: Argument = { name: 'GOGC', value: '200' };
/**
 * A slow or busy disk holds up etcd's writes for seconds; a request is given up after five and two elections.
 * One server has no leader to lose. Source: etcd's tuning guide. Milliseconds.
 */
const SLOW_DISK: Argument[] = [
  { name: 'heartbeat-interval', value: '500' },
  { name: 'election-timeout', value: '5000' },
];
/** One server has nobody to elect: without it both act at once instead of after a lease. */
const NO_ELECTION: Argument = { name: 'leader-elect', value: 'false' };

/**
 * The documents for `kubeadm init --config`. Source: kubeadm Configuration v1beta4, KubeletConfiguration v1beta1.
 */
export function kubeadmDocuments(input: KubeadmInput): object[] {
  return [initConfiguration(input), clusterConfiguration(input), kubeletConfiguration(input)];
}

function initConfiguration({ site, node, containerdSocket, patches }: KubeadmInput): object {
  const { nodeAddress } = site.network;
  return {
    apiVersion: API_VERSION,
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: nodeAddress, bindPort: 6443 },
    nodeRegistration: {
      name: node,
      criSocket: `unix://${containerdSocket}`,
      // The one node carries everything.
      taints: [],
      // All images are there before kubeadm runs; one that isn't can't be pulled either.
      imagePullPolicy: 'Never',
      kubeletExtraArgs: [{ name: 'node-ip', value: nodeAddress }],
    },
    // Its one phase restarts kubelet for a certificate that it takes up at the next boot as well.
    skipPhases: ['kubelet-finalize'],
    patches: { directory: patches },
    timeouts: {
      controlPlaneComponentHealthCheck: PATIENCE,
      kubeletHealthCheck: PATIENCE,
      kubernetesAPICall: PATIENCE,
      etcdAPICall: PATIENCE,
    },
  };
}

function clusterConfiguration({ site, images, node }: KubeadmInput): object {
  const { nodeAddress, podCIDR, serviceCIDR } = site.network;
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterConfiguration',
    clusterName: site.name,
    kubernetesVersion: site.engine.version,
    imageRepository,
    encryptionAlgorithm: 'ECDSA-P256',
    controlPlaneEndpoint: `${nodeAddress}:6443`,
    networking: { podSubnet: podCIDR, serviceSubnet: serviceCIDR, dnsDomain: 'cluster.local' },
    apiServer: { certSANs: ['localhost', '127.0.0.1', node], extraArgs: [QUIET], extraEnvs: [GARBAGE] },
    controllerManager: { extraArgs: [NO_ELECTION, QUIET] },
    scheduler: { extraArgs: [NO_ELECTION, QUIET] },
    etcd: {
      local: { dataDir: '/var/lib/etcd', imageTag: tagOf(images.etcd), extraArgs: SLOW_DISK },
    },
    dns: { imageTag: tagOf(images.coredns) },
    // A service of the host: it needs no pod network to bring one up.
    proxy: { disabled: true },
  };
}

function kubeletConfiguration({ resolvConf, staticPods }: KubeadmInput): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    cgroupDriver: 'systemd',
    failSwapOn: false,
    staticPodPath: staticPods,
    resolvConf,
    // Layers lie on the medium: collecting images frees nothing, and only the next boot would bring them back.
    imageGCHighThresholdPercent: 100,
    // Without a disk, images, logs and volumes share the memory that this protects.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '5%', 'nodefs.inodesFree': '5%' },
    containerLogMaxSize: '5Mi',
    containerLogMaxFiles: 2,
    runtimeRequestTimeout: '10m0s',
    rotateCertificates: true,
    protectKernelDefaults: true,
  };
}

/** Each look makes a TLS connection and runs sixty checks; kubeadm's once a second is a tenth of an idle box's work. */
const readiness = (container: string) => ({
  spec: { containers: [{ name: container, readinessProbe: { periodSeconds: 5 } }] },
});
const probed = ['etcd', 'kube-apiserver', 'kube-scheduler'];

/** Patches by file name; kubeadm reads target and kind of patch from it. One server needs one CoreDNS. */
export const kubeadmPatches: Record<string, object> = {
  'corednsdeployment+strategic.json': { spec: { replicas: 1 } },
  ...Object.fromEntries(probed.map((name) => [`${name}+strategic.json`, readiness(name)])),
};
