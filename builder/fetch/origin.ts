import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { type Digest, hexOf } from '../../contract/manifest.ts';
import type { Site } from '../../contract/site.ts';
import type { CachedFile } from '../../host/cache.ts';
import { type FileContext, fetchFile } from '../download/file.ts';
import { Web } from '../download/web.ts';
import type { BuildHost } from '../host.ts';
import { readReference } from '../lock/upstream.ts';
import { type BlobContext, fetchBlob } from '../registry/blob.ts';
import { LARGEST_MANIFEST } from '../registry/document.ts';
import {
  type RemoteDescriptor,
  type RemoteDocument,
  readManifest,
  resolveTop,
} from '../registry/manifests.ts';
import { openRegistries } from '../registry/registries.ts';
import { Folder, type Piece } from './folder.ts';

type LockedFile = Lock['files'][number];

/** An image or artifact of the lock. */
export interface LockedPart {
  reference: string;
  digest: Digest;
}

/** Where published parts come from. All is asked for by digest, so that nothing but the locked can come. */
export interface Origin {
  /** A manifest or index of a part. @throws CpiabError E2103 for another one; what the origin throws. */
  document(part: LockedPart, digest: Digest): Promise<RemoteDocument>;
  /** Brings a blob of a part into the cache. @throws as `document`. */
  blob(part: LockedPart, blob: RemoteDescriptor, context: BlobContext): Promise<CachedFile>;
  /** Brings a file into the cache. @throws CpiabError E2103 or E2130 for another one; what the origin throws. */
  file(locked: LockedFile, context: FileContext): Promise<CachedFile>;
  close(): Promise<void>;
}

/** The folder that the build was given and nothing else; without one, registries and servers. */
export async function openOrigin(site: Site, host: BuildHost): Promise<Origin> {
  if (host.from === undefined) return network(site, host);
  return carried(await Folder.open(host.from), host);
}

function network(site: Site, { repository: root, signal }: BuildHost): Origin {
  const registries = openRegistries(site, root, signal);
  const web = new Web(site, root, signal);
  return {
    document: async ({ reference }, digest) => {
      const { host, repository } = readReference(reference);
      return await resolveTop(await registries.of(host), { host, repository, digest });
    },
    blob: async ({ reference }, { digest, size }, context) => {
      const { host, repository } = readReference(reference);
      return await fetchBlob(await registries.of(host), { repository, sha256: hexOf(digest), size }, context);
    },
    file: async ({ url, sha256, size }, context) => await fetchFile(web, { url, sha256, size }, context),
    close: async () => {
      await registries.close();
      await web.close();
    },
  };
}

function carried(folder: Folder, { cache, signal }: BuildHost): Origin {
  const pieceOf = (part: LockedPart, digest: Digest) => ({
    sha256: hexOf(digest),
    title: `${part.reference} ${digest}`,
    names: [],
    remedy: copyInto(folder.root, part),
  });
  return {
    document: async (part, digest) => {
      const wanted: Piece = { ...pieceOf(part, digest), size: null, most: LARGEST_MANIFEST };
      const file = await folder.take(wanted, cache, { signal, onBytes: () => {} });
      if (file.size > LARGEST_MANIFEST)
        throw new CpiabError('E3061', { subject: wanted.title, args: [String(LARGEST_MANIFEST)] });
      return readManifest({ bytes: await readFile(file.path), digest }, wanted.title);
    },
    blob: async (part, { digest, size }, context) =>
      await folder.take({ ...pieceOf(part, digest), size, most: size }, cache, context),
    file: async ({ path, url, sha256, size }, context) => {
      const name = posix.basename(new URL(url).pathname);
      const names = name === '' ? [path] : [path, name];
      const remedy = `put the file of that address there as ${names.at(-1)}`;
      return await folder.take({ sha256, size, most: size, title: url, names, remedy }, cache, context);
    },
    close: async () => {},
  };
}

/** What carries a part with all its platforms, as the index that the lock names is of all of them. */
function copyInto(folder: string, { reference, digest }: LockedPart): string {
  const { host, repository } = readReference(reference);
  const source = `docker://${host}/${repository}@${digest}`;
  return `\`skopeo copy --all --preserve-digests ${source} oci:${folder}:${reference}\` puts it there`;
}
