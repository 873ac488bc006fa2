import type { Digest } from '../../contract/manifest.ts';
import type { Site } from '../../contract/site.ts';
import { isRecord, type KubeObject, kindOf } from './object.ts';
import type { Reached } from './reached.ts';

/** Something that Flux would fetch: a chart by its reference. */
export interface FoundSource {
  /** Such as `ghcr.io/owner/charts/name:1.2.3`, with `@sha256:…` where a digest is named. */
  name: string;
  /** Where in the object. */
  at: string;
}

/** A HelmRelease, and the chart that it installs. */
export interface Release {
  chart: string;
  /** Laid over the chart's own. */
  values: Record<string, unknown>;
  reached: Reached;
}

/** Every way to name a locked chart exactly. */
export function chartNames(reference: string, digest: Digest): string[] {
  return [reference, `${reference}@${digest}`, `${reference.slice(0, reference.lastIndexOf(':'))}@${digest}`];
}

const OCI_REPOSITORY = 'source.toolkit.fluxcd.io/OCIRepository';
const HELM_REPOSITORY = 'source.toolkit.fluxcd.io/HelmRepository';
const HELM_CHART = 'source.toolkit.fluxcd.io/HelmChart';
const HELM_RELEASE = 'helm.toolkit.fluxcd.io/HelmRelease';

/** Kinds whose address is what they take, not something that they call. */
const ADDRESSED = new Set([OCI_REPOSITORY, HELM_REPOSITORY, 'source.toolkit.fluxcd.io/GitRepository']);

/** Whether an address at this place is of a source that is looked at by itself. */
export function isSourceAddress(object: KubeObject, at: string): boolean {
  if (!ADDRESSED.has(kindOf(object)) || at !== 'spec.url') return false;
  // A Helm repository of the older kind has no charts that a bundle could carry.
  return kindOf(object) !== HELM_REPOSITORY || String(specOf(object)['url']).startsWith('oci://');
}

/** Finds what the objects of Flux take from where. Source: source.toolkit.fluxcd.io/v1, helm.toolkit.fluxcd.io/v2. */
export class Sources {
  readonly #objects: Map<string, KubeObject>;
  readonly #site: Site;

  constructor(objects: readonly Reached[], site: Site) {
    this.#objects = new Map(objects.map(({ object }) => [keyOf(kindOf(object), object.metadata), object]));
    this.#site = site;
  }

  of(object: KubeObject): FoundSource[] {
    const kind = kindOf(object);
    const spec = specOf(object);
    if (kind === OCI_REPOSITORY) return [{ name: this.#ociChart(object), at: 'spec.url' }];
    if (kind === HELM_CHART) return [{ name: this.#chart(spec, object), at: 'spec.chart' }];
    const chart = kind === HELM_RELEASE ? inner(spec, 'chart', 'spec') : null;
    return chart === null ? [] : [{ name: this.#chart(chart, object), at: 'spec.chart.spec' }];
  }

  releases(objects: readonly Reached[]): Release[] {
    return objects.flatMap((reached) => {
      const { object } = reached;
      const chart = kindOf(object) === HELM_RELEASE ? this.#chartOf(object) : null;
      const { values } = specOf(object);
      return chart === null ? [] : [{ chart, values: isRecord(values) ? values : {}, reached }];
    });
  }

  /** The chart of a release; null where it names a source that isn't in Git. */
  #chartOf(release: KubeObject): string | null {
    const spec = specOf(release);
    const chart = inner(spec, 'chart', 'spec');
    if (chart !== null) return this.#chart(chart, release);
    const source = this.#find(spec['chartRef'], release);
    if (source === undefined) return null;
    return kindOf(source) === OCI_REPOSITORY ? this.#ociChart(source) : this.#chart(specOf(source), source);
  }

  #ociChart(object: KubeObject): string {
    const { url, ref } = specOf(object);
    const { tag, semver, digest } = isRecord(ref) ? ref : {};
    const version = tag ?? semver ?? (digest === undefined ? 'latest' : undefined);
    const name = `${this.#reference(url)}${version === undefined ? '' : `:${String(version)}`}`;
    return digest === undefined ? name : `${name}@${String(digest)}`;
  }

  /** A chart by name and version in a Helm repository. Tags have no plus sign: Helm writes an underscore. */
  #chart({ chart, version, sourceRef }: Record<string, unknown>, object: KubeObject): string {
    const source = this.#find(sourceRef, object);
    const url = source === undefined ? named(sourceRef) : specOf(source)['url'];
    return `${this.#reference(url)}/${String(chart)}:${String(version ?? '*').replaceAll('+', '_')}`;
  }

  /** An address as a reference: what the box serves lies below the name of the registry it came from. */
  #reference(url: unknown): string {
    const address = String(url)
      .replace(/^oci:\/\//, '')
      .replace(/\/+$/, '');
    const [host = '', ...path] = address.split('/');
    return host.replace(/:\d+$/, '') === this.#site.network.nodeAddress ? path.join('/') : address;
  }

  #find(reference: unknown, { metadata }: KubeObject): KubeObject | undefined {
    if (!isRecord(reference)) return undefined;
    const { kind, name, namespace = metadata?.namespace } = reference;
    const about = { name: String(name), ...(namespace !== undefined && { namespace: String(namespace) }) };
    return this.#objects.get(keyOf(`source.toolkit.fluxcd.io/${String(kind)}`, about));
  }
}

const keyOf = (kind: string, metadata: KubeObject['metadata']) =>
  `${kind} ${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;

const named = (reference: unknown) =>
  isRecord(reference) ? `${String(reference['kind'])} ${String(reference['name'])}` : 'nowhere';

const specOf = ({ spec }: KubeObject): Record<string, unknown> => (isRecord(spec) ? spec : {});

/** A mapping in a mapping, or null. */
function inner(record: Record<string, unknown>, ...path: string[]): Record<string, unknown> | null {
  const found = path.reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), record);
  return isRecord(found) ? found : null;
}
