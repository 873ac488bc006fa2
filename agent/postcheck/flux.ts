import { flux } from '../../contract/layout.ts';
import { listKustomizations, nameOf, notApplied } from '../observe/kustomizations.ts';
import { revisionOf } from '../serve/artifacts/publisher.ts';
import { listApps } from './apps.ts';
import type { Look } from './look.ts';
import { counted, fail, type Outcome, passUnless } from './outcome.ts';
import { patient } from './patient.ts';
import { settled } from './service.ts';

interface RunningPod {
  metadata: { name: string };
  spec: { containers: { name: string; image: string }[] };
  status: { phase: string; containerStatuses?: { name: string; imageID: string }[] };
}

/** An imageID ends in the digest of the image's manifest, or is that of its configuration. */
export async function checkControllers({ kube, manifest, signal }: Look): Promise<Outcome> {
  const path = `/api/v1/namespaces/${flux.namespace}/pods`;
  const { items } = await kube.get<{ items: RunningPod[] }>(path, signal);
  const running = items.filter(({ status }) => status.phase === 'Running');
  if (running.length === 0) return fail(`no pod runs in ${flux.namespace}`);
  const wrong = running.flatMap(({ metadata, spec, status }) =>
    spec.containers.flatMap(({ name, image }) => {
      const id = status.containerStatuses?.find((one) => one.name === name)?.imageID ?? '';
      return isOf(image, id, manifest) ? [] : `${metadata.name}: ${image} runs as ${id || 'nothing'}`;
    }),
  );
  return passUnless(wrong, `${counted(running.length, 'controller')} at the digest of the bundle`);
}

function isOf(image: string, id: string, { images, blobs }: Look['manifest']): boolean {
  const digest = images[image];
  const config = blobs.find((blob) => blob.role === 'image-config' && blob.for.includes(image))?.digest;
  return [digest, config].some((expected) => expected !== undefined && id.endsWith(expected));
}

interface Source {
  status?: { artifact?: { revision?: string } };
}

/** Of three places: the repository, the source that Flux reads, and what Flux applied with all that hangs on it. */
export async function checkRevision({ kube, head, signal }: Look): Promise<Outcome> {
  const source = `/apis/source.toolkit.fluxcd.io/v1/namespaces/${flux.namespace}/externalartifacts/${flux.artifactName}`;
  const published = (await kube.get<Source>(source, signal)).status?.artifact?.revision;
  const root = (await listKustomizations(kube, signal)).find(
    ({ metadata }) => metadata.name === flux.rootName,
  );
  const expected = revisionOf(head.id);
  const applied = root?.status?.lastAppliedRevision;
  const wrong = [
    ...(published === expected ? [] : [`published is ${published ?? 'nothing'}, Git is at ${expected}`]),
    ...(applied === expected ? [] : [`applied is ${applied ?? 'nothing'}, Git is at ${expected}`]),
  ];
  return passUnless(wrong, `applied ${expected}`);
}

/** What has just been changed may take so long. */
const SEEN_MS = patient(60_000);

/** Each must be ready, or have been so until Flux looked at it anew. Apps that are of use online only gate nothing. */
export async function checkReady(look: Look): Promise<Outcome> {
  const optional = (await listApps(look)).filter(({ app }) => app.internet === 'optional');
  const names = new Set(optional.map(({ kustomization }) => kustomization));
  const waitsFor = async () => {
    const all = await listKustomizations(look.kube, look.signal);
    const required = all.filter(({ metadata }) => !names.has(metadata.name));
    const blocking = required.flatMap((item) => {
      const revision = revisionOf(look.head.id);
      const why = look.board.lastFound.judge(item, revision, notApplied(item, revision));
      return why === null ? [] : `${nameOf(item)}: ${why}`;
    });
    return { required, blocking };
  };
  const { required, blocking } = await settled(
    waitsFor,
    (found) => found.blocking.length === 0,
    SEEN_MS,
    look.signal,
  );
  if (required.length === 0) return fail('there is no Kustomization');
  return passUnless(blocking, `${counted(required.length, 'Kustomization')} ready`);
}
