import type { Digest, Manifest } from './manifest.ts';
import { type RegistryView, registryView } from './registry-view.ts';

type Named = { digest: Digest };

interface ImageManifest {
  config: Named;
  layers: Named[];
}

/** Gives a blob's content, which has its digest. */
export type ReadBlob = (digest: Digest) => Promise<Uint8Array>;

/** The registry's view of a bundle, derived from its image manifests. */
export async function servedView(manifest: Manifest, read: ReadBlob): Promise<RegistryView> {
  const served = { ...manifest.images, ...manifest.charts, ...manifest.signatures };
  const referrers = Object.entries(manifest.referrers).map(async ([reference, digest]) => {
    const { manifests } = (await readJson(read, digest)) as { manifests: Named[] };
    return await Promise.all(
      manifests.map(async ({ digest: own }) => {
        const content = contentOf((await readJson(read, own)) as ImageManifest);
        return { reference, digest, manifest: own, content };
      }),
    );
  });
  const images = await Promise.all(
    Object.entries(served).map(async ([reference, digest]) => {
      const top = await readJson(read, digest);
      const own = 'manifests' in top ? carried(manifest, top.manifests) : digest;
      const image = (own === digest ? top : await readJson(read, own)) as ImageManifest;
      return { reference, digest, manifest: own, content: contentOf(image) };
    }),
  );
  return registryView([...images, ...(await Promise.all(referrers)).flat()]);
}

const contentOf = ({ config, layers }: ImageManifest) => [config, ...layers].map(({ digest }) => digest);

/** An index names many platforms; the bundle carries one. */
function carried(manifest: Manifest, named: Named[]): Digest {
  const here = new Set(manifest.blobs.map(({ digest }) => digest));
  const found = named.find(({ digest }) => here.has(digest));
  if (found === undefined) throw new Error('an index without any of its manifests');
  return found.digest;
}

async function readJson(read: ReadBlob, digest: Digest): Promise<ImageManifest | { manifests: Named[] }> {
  return JSON.parse(new TextDecoder().decode(await read(digest))) as ImageManifest;
}
