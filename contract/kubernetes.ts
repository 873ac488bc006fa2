import type { OperatorRole } from './operator.ts';

/** Below it, the box hands an operator's requests on to Kubernetes' own API. */
export const kubernetesPath = '/v1/kubernetes';

/** Group that an operator is in, in the cluster. */
export const roleGroup = (role: OperatorRole): string => `cpiab:${role}`;

/** Every box's certificate has this name, whatever its address is. */
export const boxServerName = 'localhost';
