import { CpiabError } from '../../contract/errors.ts';
import { formatReference, type ImageReference } from '../../contract/reference.ts';
import { type RemoteDescriptor, type RemoteDocument, readImage, resolveTop } from './manifests.ts';
import type { Registry } from './registry.ts';

/** Source: Helm, "Use OCI-based registries"; media types of helm.sh/helm/v3/pkg/registry. */
const CONFIG = 'application/vnd.cncf.helm.config.v1+json';
/** The second is what Helm wrote before 3.7. */
const CONTENT = ['application/vnd.cncf.helm.chart.content.v1.tar+gzip', 'application/tar+gzip'];

/** A Helm chart as a registry has it. */
export interface RemoteChart {
  manifest: RemoteDocument;
  config: RemoteDescriptor;
  /** The content, and its provenance file where there is one. */
  layers: RemoteDescriptor[];
  /** The one of the layers that is the chart's archive. */
  content: RemoteDescriptor;
}

/**
 * Finds a chart by tag or digest.
 * @throws CpiabError E3030 when it is something else, E2103 for content that isn't what its digest says; what
 *   `Registry.get` throws.
 */
export async function resolveChart(registry: Registry, reference: ImageReference): Promise<RemoteChart> {
  const top = await resolveTop(registry, reference);
  return readChartManifest(top, formatReference(reference));
}

/** @throws CpiabError E3030 when the manifest is of something else. */
export function readChartManifest(manifest: RemoteDocument, subject: string): RemoteChart {
  const { config, layers } = readImage(manifest, subject);
  if (config.mediaType !== CONFIG) throw new CpiabError('E3030', { subject, args: [config.mediaType] });
  const content = layers.find(({ mediaType }) => CONTENT.includes(mediaType));
  if (content === undefined) throw new CpiabError('E3030', { subject, args: ['no archive of a chart'] });
  return { manifest, config, layers, content };
}
