import { recordsIn } from '../closed/object.ts';
import type { Finding } from '../finding.ts';
import type { App, RuleContext } from './context.ts';
import { inner, type Part, podSpecs } from './pod-specs.ts';

/**
 * Where an app says that it writes it must have the claim that it names, and what it links in one mount. Of an app that
 * nobody applies nothing is known.
 */
export function checkMedia(
  { folder, content: { media } }: App,
  { world }: RuleContext,
  refuse: (key: string, what: string) => Finding,
): Finding[] {
  if (media === undefined || !world.folders.has(folder)) return [];
  const own = world.objects.filter(({ partial, way }) => !partial && way.includes(folder));
  const mounts = own.flatMap(podSpecs).flatMap((spec) => mountsOf(spec, media.claim));
  const mountOf = (path: string) => mounts.find((mount) => path === mount || path.startsWith(`${mount}/`));
  const paths = [...media.writes, ...media.links.flatMap(({ from, to }) => [from, to])];
  const lost = [...new Set(paths)].filter((path) => mountOf(path) === undefined);
  const apart = media.links.filter(({ from, to }) => mountOf(from) !== mountOf(to));
  return [
    ...lost.map((path) => refuse('media', `writes to ${path}, where it has no claim ${media.claim}`)),
    ...(lost.length > 0
      ? []
      : apart.map(({ from, to }) => refuse('media', `links ${from} to ${to}, which are two mounts`))),
  ];
}

/** Where containers have a claim to write to. */
function mountsOf({ content: { volumes, containers } }: Part, claim: string): string[] {
  const names = recordsIn(volumes)
    .filter((volume) => inner(volume, 'persistentVolumeClaim')['claimName'] === claim)
    .map(({ name }) => name);
  return recordsIn(containers)
    .flatMap(({ volumeMounts }) => recordsIn(volumeMounts))
    .filter(({ name, readOnly }) => names.includes(name) && readOnly !== true)
    .map(({ mountPath }) => String(mountPath));
}
