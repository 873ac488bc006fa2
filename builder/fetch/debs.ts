import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { DebianPackage, Lock } from '../../contract/lock.ts';
import { messageOf } from '../../contract/message-of.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import { type CachedFile, temporaryName } from '../../host/cache.ts';
import { hashing } from '../../host/hashing.ts';
import { run } from '../../host/process.ts';
import { Retryable, withRetries } from '../download/retry.ts';
import type { BuildHost } from '../host.ts';
import { debianMirrors, type Mirrors } from '../lock/mirrors.ts';
import { together } from '../together.ts';

/** How many packages are fetched at once. */
const PARALLEL = 6;
/** Pauses before each further try, milliseconds. */
const PAUSES = [500, 2000, 5000];

/** The locked packages, all in the cache. */
export interface DebStore {
  /** The .deb of a locked package. */
  file(name: string): CachedFile;
  /** The packages of a set, in the lock's order. */
  set(name: string): DebianPackage[];
  /** Unpacks a .deb into an existing directory, without its maintainer scripts. @throws CpiabError E3010. */
  unpack(deb: CachedFile, directory: string): Promise<void>;
}

/** The packages of a set of a lock, in the lock's order. @throws CpiabError E3006 for one that is not in the lock. */
export function packagesOf(lock: Lock, set: string): DebianPackage[] {
  const byName = new Map(lock.debian.packages.map((deb) => [deb.name, deb]));
  return (lock.debian.sets[set] ?? []).map((name) => {
    const deb = byName.get(name);
    if (deb !== undefined) return deb;
    throw new CpiabError('E3006', { subject: name, args: ['a package that is not in the lock'] });
  });
}

/** Fetches every package of the lock that the cache doesn't have. @throws CpiabError E3001, E3002, E2103. */
export async function fetchDebs(site: Site, lock: Lock, host: BuildHost): Promise<DebStore> {
  const byName = new Map(lock.debian.packages.map((deb) => [deb.name, deb]));
  const missing = await absent(lock.debian.packages, host);
  if (missing.length > 0) {
    const mirrors = await debianMirrors(site, host.signal);
    const total = missing.reduce((sum, { size }) => sum + size, 0);
    const part = {
      id: 'debs',
      title: `${missing.length} Debian packages`,
      phase: 'download' as const,
      total,
    };
    const work = () => fetchAll(missing, mirrors, site, host);
    await tracked(host.progress, part, work, () => ({ bytes: total }));
  }
  const locked = (name: string) => {
    const deb = byName.get(name);
    if (deb === undefined)
      throw new CpiabError('E3006', { subject: name, args: ['a package that is not in the lock'] });
    return deb;
  };
  return {
    file: (name) => cached(locked(name), host),
    set: (name) => packagesOf(lock, name),
    unpack: async (deb, directory) => {
      await host.cache.check(deb, host.signal);
      await run(['dpkg-deb', '--extract', deb.path, directory], { signal: host.signal });
    },
  };
}

const cached = ({ sha256, size }: DebianPackage, { cache }: BuildHost): CachedFile => ({
  sha256,
  size,
  path: cache.blobPath(sha256),
});

async function absent(packages: DebianPackage[], host: BuildHost): Promise<DebianPackage[]> {
  const sizes = await Promise.all(
    packages.map(async (deb) => (await stat(host.cache.blobPath(deb.sha256)).catch(() => null))?.size),
  );
  const missing = packages.filter((deb, index) => sizes[index] !== deb.size);
  const here = packages.filter((deb) => !missing.includes(deb));
  await Promise.all(here.map((deb) => host.cache.touchBlob(deb.sha256)));
  return missing;
}

async function fetchAll(
  packages: DebianPackage[],
  mirrors: Mirrors,
  site: Site,
  host: BuildHost,
): Promise<void> {
  await mkdir(host.cache.pool, { recursive: true });
  const queue = [...packages];
  let bytes = 0;
  const onBytes = (count: number) => {
    bytes += count;
    host.progress({ type: 'progress', id: 'debs', detail: `${queue.length} to go`, bytes });
  };
  const worker = async (signal: AbortSignal) => {
    for (let deb = queue.shift(); deb !== undefined; deb = queue.shift())
      await fetchDeb(deb, mirrors, site, { ...host, signal }, onBytes);
  };
  await together(
    Array.from({ length: PARALLEL }, () => worker),
    host.signal,
  );
}

async function fetchDeb(
  deb: DebianPackage,
  mirrors: Mirrors,
  site: Site,
  host: BuildHost,
  onBytes: (count: number) => void,
): Promise<void> {
  const address = `${mirrors[deb.archive]}/${deb.path}`;
  const subject = `${deb.name} ${deb.version}`;
  const attempt = async () => {
    const body = await request(address, host.signal);
    if (body === null) throw new CpiabError('E3001', { subject, args: [deb.version, site.name, deb.name] });
    await store(body, deb, subject, host, onBytes);
  };
  const tries = { signal: host.signal, pauses: PAUSES };
  await withRetries(() => attempt().catch(tryAgain), tries).catch((cause: unknown) => {
    throw cause instanceof Retryable ? new CpiabError('E3002', { subject, cause }) : cause;
  });
}

/** A mirror may fail in any way; only what is wrong with the lock or the file stays wrong. */
function tryAgain(cause: unknown): never {
  if (cause instanceof CpiabError) throw cause;
  throw new Retryable(messageOf(cause), { cause });
}

/** The body, or null when the mirror has no such file. It is no Node stream yet: one that fails while nobody listens ends the process. */
async function request(address: string, signal: AbortSignal): Promise<ReadableStream | null> {
  const response = await fetch(address, { signal });
  if (response.status === 404) return null;
  if (!response.ok || response.body === null) throw new Error(`the mirror answered ${response.status}`);
  return response.body;
}

/**
 * Writes while hashing; the file gets its name only when the digest is right.
 * @param onBytes hears of bytes as they come, and of those of a failed try as so many fewer.
 */
async function store(
  body: ReadableStream,
  deb: DebianPackage,
  subject: string,
  host: BuildHost,
  onBytes: (count: number) => void,
): Promise<void> {
  const target = host.cache.blobPath(deb.sha256);
  const fresh = temporaryName(target);
  const hash = createHash('sha256');
  let came = 0;
  const counted = hashing(hash, (count) => {
    came += count;
    onBytes(count);
  });
  const file = await open(fresh, 'wx');
  try {
    const source = Readable.fromWeb(body);
    await pipeline(source, counted, file.createWriteStream({ flush: true }), { signal: host.signal });
    if (hash.digest('hex') !== deb.sha256) throw new CpiabError('E2103', { subject });
    await rename(fresh, target);
  } catch (error) {
    onBytes(-came);
    throw error;
  } finally {
    await file.close();
    await rm(fresh, { force: true });
  }
}
