import type { Pod } from '../observe/holding.ts';
import type { Look } from './look.ts';
import { fail, type Outcome, pass, unknown } from './outcome.ts';
import { patient } from './patient.ts';
import { podsPath, startPod } from './pod.ts';

/** Published images that hardly any bundle has. They are real ones: where the internet can be reached, pulling works. */
const candidates = ['registry.k8s.io/pause:3.1', 'docker.io/library/hello-world:linux'] as const;

const paths = candidates.map((reference) => `/v2/${reference.slice(0, reference.lastIndexOf(':'))}/`);

/** Whether a request to the registry is one that the post-check itself caused. */
export const isProbeImage = (uri: string): boolean => paths.some((path) => uri.startsWith(path));

const PULL_MS = patient(60_000);

export async function checkUnbundledImage(look: Look): Promise<Outcome> {
  const image = candidates.find((reference) => look.manifest.images[reference] === undefined);
  if (image === undefined) return unknown('the bundle has every image that would be tried');
  const stateOf = ({ status }: Pod) => status.containerStatuses?.[0];
  const refused = (pod: Pod) => /^(?:ErrImagePull|ImagePullBackOff)$/.test(reasonOf(pod));
  const reasonOf = (pod: Pod) => stateOf(pod)?.state.waiting?.reason ?? '';
  const pulled = (pod: Pod) => (stateOf(pod)?.imageID ?? '') !== '';
  const work = { name: 'unbundled-image', image };
  const pod = await startPod(look, work, (found) => refused(found) || pulled(found), PULL_MS);
  await look.kube.remove(`${podsPath}/${work.name}`, look.signal);
  if (pulled(pod)) return fail(`${image} was pulled`);
  return refused(pod)
    ? pass(`${image} was refused`)
    : unknown(`${image} was neither pulled nor refused within ${PULL_MS / 1000} s`);
}
