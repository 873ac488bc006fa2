import type { Digest, Manifest } from '../../contract/manifest.ts';
import { type RegistryView, registryView } from '../bundle/registry-view.ts';
import { readBlob } from './blob.ts';
import type { OpenBundle } from './medium.ts';

/** The registry's view, derived again from the image manifests. @throws CpiabError E2103 for a damaged one. */
export async function servedView(bundle: OpenBundle): Promise<RegistryView> {
  const { manifest } = bundle;
  const images = await Promise.all(
    Object.entries({ ...manifest.images, ...manifest.charts, ...manifest.signatures }).map(
      async ([reference, digest]) => {
        const top = await readJson(bundle, digest);
        const own = 'manifests' in top ? carried(manifest, top.manifests) : digest;
        const image = (own === digest ? top : await readJson(bundle, own)) as ImageManifest;
        return {
          reference,
          digest,
          manifest: own,
          content: [image.config.digest, ...image.layers.map((layer) => layer.digest)],
        };
      },
    ),
  );
  return registryView(images);
}

interface ImageManifest {
  config: { digest: Digest };
  layers: { digest: Digest }[];
}

/** An index names many platforms; the bundle carries one. */
function carried(manifest: Manifest, named: { digest: Digest }[]): Digest {
  const here = new Set(manifest.blobs.map(({ digest }) => digest));
  const found = named.find(({ digest }) => here.has(digest));
  if (found === undefined) throw new Error('an index without any of its manifests');
  return found.digest;
}

async function readJson(
  bundle: OpenBundle,
  digest: Digest,
): Promise<ImageManifest | { manifests: { digest: Digest }[] }> {
  return JSON.parse((await readBlob(bundle, digest)).toString('utf8')) as ImageManifest;
}
