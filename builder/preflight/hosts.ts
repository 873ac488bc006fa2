import type { Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import { run } from '../../host/process.ts';
import { readCertificates } from '../download/trust.ts';
import type { BuildHost } from '../host.ts';
import { debianMirrors } from '../lock/mirrors.ts';
import { readReference } from '../lock/upstream.ts';
import { registryBases } from '../registry/registries.ts';
import type { Work } from './work.ts';

/** Addresses of which one must answer, and why the build asks there. */
export interface Supply {
  /** In the order in which they are tried. */
  addresses: URL[];
  why: string;
  /** PEM certificates to trust besides the system's. */
  ca?: string;
}

/** Where Go looks when nobody told it. Source: `go help goproxy`. */
const GO_DEFAULT = 'https://proxy.golang.org';

/** Everything outside of this machine that the build will ask; nothing for what the cache has. */
export async function suppliesOf(site: Site, lock: Lock, work: Work, host: BuildHost): Promise<Supply[]> {
  return [
    ...(work.debs.count > 0 ? await debianSupplies(site, lock, work, host) : []),
    ...(work.modules.missing > 0 ? goSupplies(work, process.env) : []),
    ...(work.node ? [await npmSupply(host)] : []),
    ...(await registrySupplies(site, work, host)),
    ...(await fileSupplies(site, work, host)),
  ];
}

async function debianSupplies(site: Site, lock: Lock, { debs }: Work, host: BuildHost): Promise<Supply[]> {
  const mirrors = await debianMirrors(site, host.signal);
  const archives = new Set(lock.debian.packages.map(({ archive }) => new URL(mirrors[archive]).origin));
  return [...archives].map((origin) => ({
    addresses: [new URL(origin)],
    why: `${debs.count} Debian packages`,
  }));
}

/** The first proxy that is an address; `direct` and `off` are none. Source: Go Modules Reference, GOPROXY. */
function goSupplies({ modules }: Work, env: NodeJS.ProcessEnv): Supply[] {
  const listed = (env['GOPROXY'] || GO_DEFAULT).split(/[,|]/).map((word) => word.trim());
  const addresses = listed.flatMap((word) => (/^https?:/.test(word) ? [new URL(word)] : []));
  const why = `${modules.missing} Go modules`;
  return addresses.length === 0 ? [] : [{ addresses: addresses.map((url) => through(url, env)), why }];
}

async function npmSupply({ signal }: BuildHost): Promise<Supply> {
  const { stdout } = await run(['npm', 'config', 'get', 'registry'], { signal });
  return { addresses: [through(new URL(stdout.trim()), process.env)], why: 'Node.js for the box' };
}

async function registrySupplies(site: Site, { published }: Work, host: BuildHost): Promise<Supply[]> {
  const names = Map.groupBy([...published.images, ...published.charts], (text) => readReference(text).host);
  return await Promise.all(
    [...names].map(async ([name, references]) => ({
      addresses: registryBases(name, site),
      why: references.length === 1 ? (references[0] ?? '') : `${references.length} images and charts`,
      ...(await trusted(site.registries[name]?.ca, host)),
    })),
  );
}

async function fileSupplies(site: Site, { published }: Work, host: BuildHost): Promise<Supply[]> {
  const origins = Map.groupBy(published.files, (url) => new URL(url).origin);
  return await Promise.all(
    [...origins].map(async ([origin, urls]) => ({
      addresses: [new URL(origin)],
      why: `${urls.length} published file${urls.length === 1 ? '' : 's'}`,
      ...(await trusted(site.servers[new URL(origin).host]?.ca, host)),
    })),
  );
}

const trusted = async (path: string | undefined, { repository }: BuildHost) =>
  path === undefined ? {} : { ca: await readCertificates(repository, path) };

/** Go and npm ask a proxy instead of the address itself, where the environment names one. */
function through(url: URL, env: NodeJS.ProcessEnv): URL {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = env[name] || env[name.toLowerCase()];
  if (proxy === undefined || proxy === '') return url;
  const without = (env['NO_PROXY'] || env['no_proxy'] || '').split(',').map((word) => word.trim());
  const spared = without.some(
    (word) => word !== '' && (url.hostname === word || url.hostname.endsWith(`.${word.replace(/^\./, '')}`)),
  );
  return spared ? url : (URL.parse(proxy) ?? url);
}
