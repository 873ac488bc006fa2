import { type EngineImages, imageRepository, tagOf } from '../../../contract/engine-images.ts';
import type { Taint } from '../../../contract/node-pools.ts';
import type { BoxSite } from '../../../contract/site.ts';
import type { Self } from '../engine.ts';
import { endpoint } from './endpoint.ts';

export interface KubeadmInput {
  site: BoxSite;
  images: EngineImages;
  self: Self;
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

export const API_VERSION = 'kubeadm.k8s.io/v1beta4';
/** An emulated or busy box is ten times slower than kubeadm expects; a step that is stuck shows on the console anyway. */
const PATIENCE = '15m0s';
const QUIET: Argument = { name: 'profiling', value: 'false' };
/**
 * Starting allocates much and keeps little: collecting a quarter as often is a sixth of the API server's start.
 * After a minute each program collects as usual again (supply/go/kube). Source: Go's runtime, GOGC.
 */
const GARBAGE: Argument = { name: 'GOGC', value: '400' };
/**
 * A slow or busy disk holds up etcd's writes for seconds; a request is given up after five and two elections.
 * One server has no leader to lose; of several, the others wait for an election timeout before they go on
 * without a lost one. All members must have the same. Source: etcd's tuning guide. Milliseconds.
 */
const etcdTimes = (highlyAvailable: boolean): Argument[] => [
  { name: 'heartbeat-interval', value: highlyAvailable ? '200' : '500' },
  { name: 'election-timeout', value: highlyAvailable ? '2000' : '5000' },
];
/** One server has nobody to elect: without it both act at once instead of after a lease. */
const election = (highlyAvailable: boolean): Argument => ({
  name: 'leader-elect',
  value: String(highlyAvailable),
});
/** How long kubeadm waits for what others do. */
export const TIMEOUTS = {
  controlPlaneComponentHealthCheck: PATIENCE,
  kubeletHealthCheck: PATIENCE,
  kubernetesAPICall: PATIENCE,
  etcdAPICall: PATIENCE,
};

/**
 * The documents for `kubeadm init --config`. Source: kubeadm Configuration v1beta4, KubeletConfiguration v1beta1.
 */
export function kubeadmDocuments(input: KubeadmInput): object[] {
  return [initConfiguration(input), clusterConfiguration(input), kubeletConfiguration(input)];
}

/**
 * How a node of any role is made known to the cluster. An agent's address is the one that `/etc/hosts` has for its name:
 * a server's stays, an agent's may change with a lease. @param taints none: it carries all pods.
 */
export function registration(
  { self, containerdSocket }: Pick<KubeadmInput, 'self' | 'containerdSocket'>,
  taints: readonly Taint[] = [],
): object {
  return {
    name: self.name,
    criSocket: `unix://${containerdSocket}`,
    taints,
    // All images are there before kubeadm runs; one that isn't can't be pulled either.
    imagePullPolicy: 'Never',
    kubeletExtraArgs: self.role === 'control-plane' ? [{ name: 'node-ip', value: self.address }] : [],
  };
}

function initConfiguration(input: KubeadmInput): object {
  return {
    apiVersion: API_VERSION,
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: input.self.address, bindPort: 6443 },
    nodeRegistration: registration(input),
    // Its one phase restarts kubelet for a certificate that it takes up at the next boot as well.
    skipPhases: ['kubelet-finalize'],
    patches: { directory: input.patches },
    timeouts: TIMEOUTS,
  };
}

function clusterConfiguration({ site, images, self }: KubeadmInput): object {
  const { podCIDR, serviceCIDR } = site.network;
  const elected = election(self.highlyAvailable);
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterConfiguration',
    clusterName: site.name,
    kubernetesVersion: site.engine.version,
    imageRepository,
    encryptionAlgorithm: 'ECDSA-P256',
    controlPlaneEndpoint: endpoint,
    networking: { podSubnet: podCIDR, serviceSubnet: serviceCIDR, dnsDomain: 'cluster.local' },
    apiServer: { certSANs: ['localhost', '127.0.0.1', self.name], extraArgs: [QUIET], extraEnvs: [GARBAGE] },
    controllerManager: { extraArgs: [elected, QUIET], extraEnvs: [GARBAGE] },
    scheduler: { extraArgs: [elected, QUIET], extraEnvs: [GARBAGE] },
    etcd: {
      local: {
        dataDir: '/var/lib/etcd',
        imageTag: tagOf(images.etcd),
        extraArgs: etcdTimes(self.highlyAvailable),
        extraEnvs: [GARBAGE],
      },
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
const readinessProbe = { periodSeconds: 5 };

/** Four minutes, not eighty seconds: on a machine that is short of processor time a restart only adds to it. */
const livenessProbe = { failureThreshold: 24 };

/**
 * Shares of the processor when all want it: those that everything waits for have more of what kubeadm gives the four.
 * Source: Kubernetes, "Resource Management for Pods and Containers": requests are the weights of control groups.
 */
const controlPlane = {
  etcd: { requests: { cpu: '200m' }, livenessProbe, readinessProbe },
  'kube-apiserver': { requests: { cpu: '375m' }, livenessProbe, readinessProbe },
  'kube-controller-manager': { requests: { cpu: '50m' } },
  'kube-scheduler': { requests: { cpu: '25m' }, readinessProbe },
};

/** Patches by file name; kubeadm reads target and kind of patch from it. One server needs one CoreDNS. */
export const kubeadmPatches = ({ highlyAvailable }: Self): Record<string, object> => ({
  'corednsdeployment+strategic.json': { spec: { replicas: highlyAvailable ? 2 : 1 } },
  ...Object.fromEntries(
    Object.entries(controlPlane).map(([name, { requests, ...probes }]) => [
      `${name}+strategic.json`,
      { spec: { containers: [{ name, resources: { requests }, ...probes }] } },
    ]),
  ),
});
