import type { Lock } from '../../contract/lock.ts';
import type { Resource } from '../../contract/provenance.ts';
import { ociPart } from './bundle-parts.ts';
import type { BundlePart } from './sbom.ts';

type Published = Pick<Lock, 'upstream' | 'charts'>;

/** What others published, as provenance names it. Source: SLSA Provenance v1, resolvedDependencies. */
export function publishedMaterials({ upstream, charts }: Published): Resource[] {
  const pinned = (scheme: string, { reference, digest }: { reference: string; digest: string }) => ({
    uri: `${scheme}://${reference}`,
    digest: { sha256: digest.slice('sha256:'.length) },
  });
  return [
    ...upstream.map((image) => pinned('docker', image)),
    ...charts.map((chart) => pinned('oci', chart)),
  ];
}

/** What others published and is no image, as parts of the bundle. */
export function publishedParts({ charts }: Published): BundlePart[] {
  return charts.map((chart) => ociPart(chart, 'ARCHIVE'));
}
