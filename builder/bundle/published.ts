import type { Lock } from '../../contract/lock.ts';
import type { Resource } from '../../contract/provenance.ts';
import { ociPart } from './bundle-parts.ts';
import type { BundlePart } from './sbom.ts';

type Published = Pick<Lock, 'upstream' | 'charts' | 'files'>;

/** What others published, as provenance names it. Source: SLSA Provenance v1, resolvedDependencies. */
export function publishedMaterials({ upstream, charts, files }: Published): Resource[] {
  const pinned = (scheme: string, { reference, digest }: { reference: string; digest: string }) => ({
    uri: `${scheme}://${reference}`,
    digest: { sha256: digest.slice('sha256:'.length) },
  });
  return [
    ...upstream.map((image) => pinned('docker', image)),
    ...charts.map((chart) => pinned('oci', chart)),
    ...files.map(({ path, url, sha256 }) => ({ name: path, uri: url, digest: { sha256 } })),
  ];
}

/** What others published and is no image, as parts of the bundle. */
export function publishedParts({ charts, files }: Published): BundlePart[] {
  return [...charts.map((chart) => ociPart(chart, 'ARCHIVE')), ...files.map(filePart)];
}

/** Source: the purl specification, type generic. */
function filePart({ path, url, sha256 }: Lock['files'][number]): BundlePart {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    name: path,
    version: `sha256:${sha256}`,
    digest: `sha256:${sha256}`,
    purpose: 'FILE',
    purl: `pkg:generic/${name}?checksum=sha256:${sha256}&download_url=${encodeURIComponent(url)}`,
  };
}
