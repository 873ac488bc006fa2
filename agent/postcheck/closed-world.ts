import { triedToLeave } from '../../contract/firewall.ts';
import { units } from '../../contract/layout.ts';
import { jsonOrNull } from '../../host/json.ts';
import { run } from '../../host/process.ts';
import { droppedPackets } from '../observe/dropped.ts';
import { listPods, type Pod } from '../observe/holding.ts';
import { runningImages } from '../observe/images.ts';
import { postcheckLabel } from '../observe/kustomizations.ts';
import type { Look } from './look.ts';
import { counted, fail, type Outcome, pass, passUnless } from './outcome.ts';
import { isProbeImage } from './unbundled-image.ts';

export async function checkImages({ kube, manifest, signal }: Look): Promise<Outcome> {
  const pods = (await listPods(kube, signal)).filter(isNotScratch);
  const { running, notInBundle } = runningImages(pods, manifest);
  if (running === 0) return fail('no image runs');
  return passUnless(notInBundle, `${counted(running, 'image')} running, all of them in the bundle`);
}

/** Reasons that kubelet gives for a container that waits. Source: kubernetes/pkg/kubelet/images/types.go. */
const PULL_ERROR =
  /^(?:ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|ImageInspectError|RegistryUnavailable)$/;

export async function checkPullErrors({ kube, signal }: Look): Promise<Outcome> {
  const pods = (await listPods(kube, signal)).filter(isNotScratch);
  const wrong = pods.flatMap(({ metadata, status }) =>
    [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
      .filter(({ state }) => PULL_ERROR.test(state.waiting?.reason ?? ''))
      .map(
        ({ name, state }) =>
          `Pod/${metadata.namespace}/${metadata.name}: container ${name}: ${state.waiting?.reason}`,
      ),
  );
  return passUnless(wrong, 'none waits');
}

/** What a post-check has started itself would count in one run and not in the next. */
const isNotScratch = ({ metadata: { labels = {} } }: Pod) => labels[postcheckLabel] === undefined;

/** What the registry logs of an answer that is an error. Source: CNCF distribution v3, registry/handlers/app.go. */
interface RegistryError {
  'http.request.uri'?: string;
  'http.request.useragent'?: string;
  'http.response.status'?: number;
}

/** Other clients than containerd are people who look around. */
export function missedBy(log: string): string[] {
  const missed = log.split('\n').flatMap((line) => {
    const entry = jsonOrNull(Buffer.from(line)) as RegistryError | null;
    const { 'http.request.uri': uri = '', 'http.request.useragent': agent = '' } = entry ?? {};
    const isMiss = entry?.['http.response.status'] === 404 && agent.startsWith('containerd/');
    return isMiss && !isProbeImage(uri) ? [uri] : [];
  });
  return [...new Set(missed)].toSorted();
}

export async function checkRegistry({ signal }: Look): Promise<Outcome> {
  const argv = ['journalctl', '--boot', '--no-pager', '--output=cat', `--unit=${units.registry}`];
  const { stdout } = await run([...argv, '--grep=404'], { signal }).catch(emptyLog);
  return passUnless(missedBy(stdout), 'its log of this boot has no answer 404 to containerd');
}

/** `--grep` ends with status 1 when no line has it. Source: journalctl(1). */
function emptyLog(error: unknown): { stdout: string } {
  const { status, stderr } = error as { status?: number; stderr?: string };
  if (status === 1 && stderr === '') return { stdout: '' };
  throw error;
}

export async function checkEgress({ signal }: Look): Promise<Outcome> {
  const packets = triedToLeave(await droppedPackets(signal));
  return packets === 0
    ? pass('the firewall counts none since power-on')
    : fail(`${counted(packets, 'packet')} since power-on`);
}
