import type { PostcheckName } from '../../contract/postcheck-table.ts';
import { checkEgress, checkImages, checkPullErrors, checkRegistry } from './closed-world.ts';
import { checkDns } from './dns.ts';
import { checkApiServer, checkCgroup, checkDatastore, checkNodes, checkSystemPods } from './engine.ts';
import { checkControllers, checkReady, checkRevision } from './flux.ts';
import { checkCertificates, checkRedirect, checkRoutes } from './ingress.ts';
import { checkAnonymous, checkDiscovery } from './login.ts';
import { checkLogs } from './logs.ts';
import type { Check } from './look.ts';
import { checkNfs } from './nfs.ts';
import { checkAlert, checkDashboards, checkTargets } from './observability.ts';
import { checkDecryption, checkKeyFiles, checkSecretHistory } from './secrets.ts';
import { settling } from './settling.ts';
import { checkSignIn } from './sign-in.ts';
import { checkRoom, checkVolume } from './storage.ts';
import { checkUnbundledImage } from './unbundled-image.ts';
import { checkWiring } from './wiring.ts';

/** What finds out each check; those of an app are there once for each app. */
export const checks: Record<Exclude<PostcheckName, 'apps/health' | 'apps/media'>, Check> = {
  'engine/nodes': settling(checkNodes),
  'engine/api-server': checkApiServer,
  'engine/cgroup': checkCgroup,
  'engine/datastore': checkDatastore,
  'engine/system-pods': settling(checkSystemPods),
  'engine/dns': checkDns,
  'closed-world/images': checkImages,
  'closed-world/pull-errors': checkPullErrors,
  'closed-world/registry': checkRegistry,
  'closed-world/egress': checkEgress,
  'closed-world/unbundled-image': checkUnbundledImage,
  'flux/controllers': settling(checkControllers),
  'flux/revision': checkRevision,
  'flux/ready': checkReady,
  'flux/probe': ({ probe }) => probe.applied(),
  'flux/drift': ({ probe }) => probe.reverted(),
  'flux/prune': ({ probe }) => probe.pruned(),
  'secrets/decrypt': checkDecryption,
  'secrets/history': checkSecretHistory,
  'secrets/files': checkKeyFiles,
  'storage/volume': checkVolume,
  'storage/room': checkRoom,
  'storage/nfs': (look) => checkNfs(look),
  'ingress/redirect': settling(checkRedirect),
  'ingress/certificates': settling(checkCertificates),
  'ingress/routes': settling(checkRoutes),
  'login/anonymous': settling(checkAnonymous),
  'login/discovery': settling(checkDiscovery),
  'login/sign-in': (look) => checkSignIn(look),
  'observability/targets': checkTargets,
  'observability/dashboards': checkDashboards,
  'observability/alert': checkAlert,
  'observability/logs': checkLogs,
  'apps/wiring': checkWiring,
};
