import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import type { DebianPackage } from '../../contract/lock.ts';
import { type Cache, type CachedFile, stableJson } from '../../host/cache.ts';
import { debianLicence } from './dep5.ts';
import { type Licence, unknown } from './licence.ts';

/** Raised when the same copyright file gives another licence than before. */
const READER = 1;

/** Debian package name → its licence. */
export type DebianLicences = ReadonlyMap<string, Licence>;

/**
 * Licences of the packages that a root file system has, from `usr/share/doc/<package>/copyright`.
 * @param tar of the root, uncompressed; it is read once and not again.
 */
export async function rootLicences(cache: Cache, tar: CachedFile): Promise<DebianLicences> {
  const { files } = await cache.files('licences', { reader: READER, root: tar.sha256 }, async (scratch) => {
    const found = await readRoot(tar.path);
    await writeFile(join(scratch, 'licences'), stableJson(Object.fromEntries(found)));
    return { licences: join(scratch, 'licences') };
  });
  return await readProduct(files.licences);
}

/** The licence of one package that isn't in a root, as of a container image. */
export async function packageLicence(
  cache: Cache,
  { name, sha256 }: DebianPackage,
  unpack: (directory: string) => Promise<void>,
): Promise<Licence> {
  const { files } = await cache.files('licences', { reader: READER, deb: sha256 }, async (scratch) => {
    const tree = join(scratch, 'tree');
    await mkdir(tree);
    await unpack(tree);
    const path = join(tree, 'usr', 'share', 'doc', name, 'copyright');
    // A link leads to the package that has it, which this one depends on.
    const copyright = await readFile(path, 'utf8').catch(() => '');
    await writeFile(join(scratch, 'licences'), stableJson({ [name]: debianLicence(copyright) }));
    return { licences: join(scratch, 'licences') };
  });
  return (await readProduct(files.licences)).get(name) ?? unknown;
}

const readProduct = async ({ path }: CachedFile): Promise<DebianLicences> =>
  new Map(Object.entries(JSON.parse(await readFile(path, 'utf8')) as Record<string, Licence>));

async function readRoot(tar: string): Promise<Map<string, Licence>> {
  const found = new Map<string, Licence>();
  const links = new Map<string, string>();
  const archive = extract();
  createReadStream(tar, { highWaterMark: 1 << 20 })
    .on('error', (error) => archive.destroy(error))
    .pipe(archive);
  for await (const entry of archive) {
    const { name, type, linkname } = entry.header;
    const { owner = '', file } = ownerOf(name);
    // A directory may be a link to another package's, and so may the file in it.
    if (type === 'symlink' && owner !== '') links.set(owner, targetOf(name, linkname));
    if (type === 'file' && file !== undefined) found.set(owner, debianLicence(await text(entry)));
    else entry.resume();
  }
  for (const [name, target] of links) found.set(name, found.get(target) ?? unknown);
  return found;
}

/** The package that a path below `usr/share/doc` is of, and whether it is its copyright file. */
function ownerOf(path: string): { owner?: string; file?: string } {
  const plain = posix.normalize(path).replace(/^\/+|\/+$/g, '');
  return /^usr\/share\/doc\/(?<owner>[^/]+)(?:\/(?<file>copyright))?$/.exec(plain)?.groups ?? {};
}

/** Which package's documentation a link leads to. */
function targetOf(path: string, link: string | null | undefined): string {
  const target = posix.join('/', posix.dirname(path), link ?? '').replace(/\/copyright$/, '');
  return posix.basename(target);
}
