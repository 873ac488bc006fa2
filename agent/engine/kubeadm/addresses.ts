/** Length of the network that the controller manager gives each node (kube-controller-manager's default). */
const NODE_LENGTH = 24;

/** The pods' network of the first node: the first /24 of all pods' network, or all of it when that is smaller. */
export function nodePodNetwork(podNetwork: string): string {
  const [address = '', length = ''] = podNetwork.split('/');
  return `${address}/${Math.max(Number(length), NODE_LENGTH)}`;
}
