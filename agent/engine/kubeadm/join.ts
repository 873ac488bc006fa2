import type { JoinMaterial } from '../../../contract/join-material.ts';
import { API_VERSION, type KubeadmInput, registration, TIMEOUTS } from './config.ts';
import { endpoint } from './endpoint.ts';

/** The document for `kubeadm join --config`. Source: kubeadm Configuration v1beta4. */
export function joinDocument(input: KubeadmInput, { role, token, caHash, taints }: JoinMaterial): object {
  const { patches, self } = input;
  const discovery = {
    bootstrapToken: { apiServerEndpoint: endpoint, token, caCertHashes: [caHash] },
    tlsBootstrapToken: token,
  };
  const common = {
    apiVersion: API_VERSION,
    kind: 'JoinConfiguration',
    nodeRegistration: registration(input, taints),
    discovery,
    patches: { directory: patches },
    timeouts: TIMEOUTS,
  };
  if (role === 'agent') return common;
  return {
    ...common,
    controlPlane: { localAPIEndpoint: { advertiseAddress: self.address, bindPort: 6443 } },
  };
}
