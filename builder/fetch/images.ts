import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageRecipe, LayerSource } from '../../contract/image.ts';
import { mediaTypes } from '../../contract/layout.ts';
import { digestOf } from '../../contract/manifest.ts';
import type { Cache, CachedFile } from '../../host/cache.ts';
import { sha256File } from '../../host/files.ts';
import { buildImage } from './oci-image.ts';
import type { BuiltImage } from './parts.ts';

/** The locked parts that recipes may ask for. */
export interface RecipeParts {
  /** A compiled program by its output name. */
  program(output: string): CachedFile;
  /** Node.js. */
  node(): CachedFile;
  /** A program of this repository as one module, by its entry. */
  script(entry: string): Promise<CachedFile>;
  /** A Debian package's .deb. */
  debian(name: string): CachedFile;
  /** Unpacks a .deb into an existing directory, without its maintainer scripts. */
  unpack(deb: CachedFile, directory: string): Promise<void>;
}

/**
 * The images of one recipe, from the cache when recipe, parts and epoch are the same.
 * @param folder the recipe's folder.
 * @param epoch seconds since 1970-01-01, for every time stamp.
 * @throws CpiabError E3006 when the recipe asks for a part that isn't there, E3010 when a part is damaged.
 */
export async function recipeImages(
  recipe: ImageRecipe,
  folder: string,
  parts: RecipeParts,
  cache: Cache,
  epoch: number,
): Promise<{ images: BuiltImage[]; cached: boolean }> {
  const key = {
    recipe,
    epoch,
    parts: await partDigests(recipe, parts),
    files: await fileDigests(recipe, folder),
  };
  const { files, cached } = await cache.files<string>('image', key, async (scratch) => {
    const inputs = {
      folder,
      program: async (output: string) => (await cache.check(parts.program(output))).path,
      node: async () => (await cache.check(parts.node())).path,
      script: async (entry: string) => (await cache.check(await parts.script(entry))).path,
      debian: (name: string) => unpacked(parts, name, cache),
    };
    return blobPaths(await buildImage(recipe, inputs, scratch, epoch));
  });
  return {
    images: recipe.images.map((image, index) => imageOf(image.reference, index, recipe, files)),
    cached,
  };
}

async function partDigests(recipe: ImageRecipe, parts: RecipeParts): Promise<string[]> {
  const files = await Promise.all(recipe.layers.flat().map((source) => partOf(source, parts)));
  return files.flatMap((file) => file?.sha256 ?? []);
}

async function partOf(source: LayerSource, parts: RecipeParts): Promise<CachedFile | null> {
  if ('go' in source) return parts.program(source.go);
  if ('node' in source) return parts.node();
  if ('script' in source) return await parts.script(source.script);
  return 'debian' in source ? parts.debian(source.debian) : null;
}

async function fileDigests(recipe: ImageRecipe, folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const source of recipe.layers.flat()) {
    if (!('files' in source)) continue;
    const found = await readdir(join(folder, source.files), { recursive: true, withFileTypes: true });
    for (const file of found.filter((entry) => entry.isFile() || entry.isSymbolicLink())) {
      const path = join(file.parentPath, file.name);
      // A link is what it says, whether or not there is anything.
      digests[path.slice(folder.length)] = file.isFile()
        ? (await sha256File(path)).sha256
        : `-> ${await readlink(path)}`;
    }
  }
  return digests;
}

async function unpacked(parts: RecipeParts, name: string, cache: Cache): Promise<string> {
  const deb = parts.debian(name);
  const { path } = await cache.tree('deb', { sha256: deb.sha256 }, (directory) =>
    parts.unpack(deb, directory),
  );
  return path;
}

function blobPaths({ images, layers }: Awaited<ReturnType<typeof buildImage>>): Record<string, string> {
  return Object.fromEntries([
    ...images.flatMap(({ manifest, config }, index) => [
      [`manifest-${index}`, manifest.path],
      [`config-${index}`, config.path],
    ]),
    ...layers.flatMap(({ blob, tar }, index) => [
      [`layer-${index}`, blob.path],
      [`tar-${index}`, tar],
    ]),
  ]);
}

function imageOf(
  reference: string,
  index: number,
  recipe: ImageRecipe,
  files: Record<string, CachedFile>,
): BuiltImage {
  const file = (name: string): CachedFile => {
    const found = files[name];
    if (found === undefined) throw new Error(`the cache has no ${name} of image ${reference}`);
    return found;
  };
  return {
    references: [reference],
    manifest: { file: file(`manifest-${index}`), mediaType: mediaTypes.manifest },
    config: { file: file(`config-${index}`) },
    layers: recipe.layers.map((_, layer) => {
      const tar = file(`tar-${layer}`);
      return { file: file(`layer-${layer}`), diffId: digestOf(tar.sha256), tar: async () => tar };
    }),
  };
}
