import type { Look } from './look.ts';
import { fail, type Outcome, pass, unknown } from './outcome.ts';
import { runPod, shellImage } from './pod.ts';

/** Of the API server: there is one in every cluster. The dot at its end keeps search lists out. */
const NAME = 'kubernetes.default.svc.cluster.local.';

export async function checkDns(look: Look): Promise<Outcome> {
  const image = shellImage(look.manifest);
  if (image === undefined) return unknown('the bundle has no image of BusyBox to ask with');
  const command = ['busybox', 'nslookup', '-type=a', NAME];
  const { succeeded, said } = await runPod(look, { name: 'dns', image, command });
  return succeeded ? pass(`a pod resolved ${NAME}`) : fail(`a pod could not resolve ${NAME}: ${said}`);
}
