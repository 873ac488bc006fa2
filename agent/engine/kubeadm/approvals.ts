import { withKube } from '../../kube/client.ts';
import { readKubeconfig } from '../../kube/kubeconfig.ts';

const BINDING = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubeadm:node-autoapprove-bootstrap';

/**
 * Takes away the rule by which kube-controller-manager gives whoever shows a bootstrap token a kubelet's certificate of
 * any name: the agent looks at each itself (members/kubelets.ts). The rule for renewals stays, as that one is for the
 * name that the node has. Source: kubeadm join, "Turning off auto-approval of node client certificates".
 */
export async function endAutoApproval(kubeconfig: string, signal: AbortSignal): Promise<void> {
  await withKube(await readKubeconfig(kubeconfig), (kube) => kube.remove(BINDING, signal));
}
