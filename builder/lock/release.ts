import type { Engine } from '../../contract/engine.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import { readTextFile } from '../../host/input-file.ts';
import { fetchFile } from '../download/file.ts';
import { Web } from '../download/web.ts';
import type { BuildHost } from '../host.ts';
import type { WantedFile } from './files.ts';
import { parseChecksums, parseImageList } from './release-lists.ts';

/** What comes with the release of a site's engine. */
export interface Release {
  /** Version of the engine; null for one that has no release to carry. */
  version: string | null;
  files: WantedFile[];
  /** Full references. */
  images: string[];
}

/** Files of a release of k3s. Source: its installation script, and docs.k3s.io, "Air-Gap Install". */
const k3s = { binary: 'k3s', checksums: 'sha256sum-amd64.txt', images: 'k3s-images.txt' };

/** Folder of the release among the bundle's files. */
const FOLDER = 'engine';

/**
 * Reads what the release of k3s has: its binary by the digest in its checksums, and the images in its list.
 * The two lists are files to carry too: they are what the digests can be compared with.
 * @throws CpiabError E3080 without a checksum of the binary, E3081 and E3082 for lists that are none, E2130 for
 *   a list of images that isn't what the checksums say, and what `fetchFile` throws.
 */
export async function readRelease(site: Site, host: BuildHost): Promise<Release> {
  const { engine } = site;
  if (engine?.kind !== 'k3s') return { version: null, files: [], images: [] };
  const { version } = engine;
  const at = (name: string) => new URL(name, releaseAddress(engine)).href;
  const web = new Web(site, host.repository, host.signal);
  try {
    const checksums = await readList(web, { url: at(k3s.checksums) }, 'E3081', host);
    const sums = parseChecksums(checksums.text, at(k3s.checksums));
    const binary = sums.get(k3s.binary);
    if (binary === undefined)
      throw new CpiabError('E3080', { subject: at(k3s.checksums), args: [k3s.binary] });
    const list = await readList(web, { url: at(k3s.images), sha256: sums.get(k3s.images) }, 'E3082', host);
    const file = (name: string, sha256: string): WantedFile => ({
      url: at(name),
      path: `${FOLDER}/${name}`,
      sha256,
      release: version,
    });
    return {
      version,
      images: parseImageList(list.text, at(k3s.images)),
      files: [file(k3s.binary, binary), file(k3s.checksums, checksums.sha256), file(k3s.images, list.sha256)],
    };
  } finally {
    await web.close();
  }
}

/** Where the files of a release are, with a slash at the end. */
export function releaseAddress({ version, release }: Pick<Engine, 'version' | 'release'>): string {
  const published = `https://github.com/k3s-io/k3s/releases/download/${encodeURIComponent(version)}`;
  return `${(release ?? published).replace(/\/+$/, '')}/`;
}

/** Asks for it even if the cache has one of that address: a release may be uploaded again. */
async function readList(
  web: Web,
  request: { url: string; sha256?: string | undefined },
  code: 'E3081' | 'E3082',
  { cache, signal }: BuildHost,
): Promise<{ text: string; sha256: string }> {
  const { url } = request;
  const { path, sha256 } = await fetchFile(web, request, { cache, signal, onBytes: () => {} });
  const text = await readTextFile(path, { shown: url }).catch((cause: unknown) => {
    if (!(cause instanceof CpiabError)) throw cause;
    throw new CpiabError(code, { subject: url, args: [cause.message], cause });
  });
  return { text, sha256 };
}

/** The images, those that the release names with its version. */
export function ofRelease({ version, images }: Release, locked: Lock['upstream']): Lock['upstream'] {
  const names = new Set(images);
  return locked.map((image) =>
    version !== null && names.has(image.reference) ? { ...image, release: version } : image,
  );
}
