import type { Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import { addressesOf } from './addresses.ts';
import { isRecord, type KubeObject, kindOf } from './object.ts';

const KIND = 'source.toolkit.fluxcd.io/GitRepository';
/** What Flux takes when an object names nothing. Source: source.toolkit.fluxcd.io/v1, GitRepositoryRef. */
const DEFAULT_BRANCH = 'master';

/**
 * The repository that a GitRepository takes, as `address@reference`; null for another object, and for one that
 * lies in the box or the network it stands in.
 */
export function repositoryOf(object: KubeObject, site: Site): string | null {
  const spec = object['spec'];
  if (kindOf(object) !== KIND || !isRecord(spec) || typeof spec['url'] !== 'string') return null;
  if (!addressesOf(object, site).some(({ at }) => at === 'spec.url')) return null;
  const { commit, name, semver, tag, branch } = isRecord(spec['ref']) ? spec['ref'] : {};
  // In the order in which Flux goes by them.
  const reference = commit ?? name ?? semver ?? tag ?? branch ?? DEFAULT_BRANCH;
  return `${withoutSuffix(spec['url'])}@${String(reference)}`;
}

/** Every way to name a locked repository exactly. */
export function repositoryNames({ url, ref, name, commit }: Lock['git'][number]): string[] {
  const short = name.replace(/^refs\/(?:heads|tags)\//, '');
  return [ref, name, short, commit].map((reference) => `${withoutSuffix(url)}@${reference}`);
}

/** With and without `.git` it is the same to every server that people use. */
const withoutSuffix = (url: string) => url.replace(/\/*$/, '').replace(/\.git$/, '');
