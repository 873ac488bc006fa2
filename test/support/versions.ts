import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDelta } from '../../builder/delta/write.ts';
import { openMedium } from '../../builder/verify/open.ts';
import { readManifest } from '../../builder/verify/verify.ts';
import { run } from '../../host/process.ts';
import { rebuilt, type TinyBundle, tinyBundle } from './tiny-bundle.ts';

const { signal } = new AbortController();

/** Three versions of one site, each with a layer that changed and one that did not. */
export async function threeVersions(root: string): Promise<[TinyBundle, TinyBundle, TinyBundle]> {
  const [base, own] = [randomBytes(3_000_000), randomBytes(1_500_000)];
  const make = async (sequence: number, layer: Buffer) =>
    await tinyBundle(root, `v${sequence}`, { sequence, images: { 'ghcr.io/team/app:1.0': [base, layer] } });
  return [await make(1, own), await make(2, rebuilt(own, 50_000)), await make(3, rebuilt(own, 80_000))];
}

/** Writes the delta between two; gives its path. */
export async function deltaBetween(root: string, from: TinyBundle, to: TinyBundle): Promise<string> {
  const side = async ({ directory, key }: TinyBundle) => {
    const medium = await openMedium(directory, signal);
    return { medium, manifest: await readManifest(medium, key) };
  };
  const out = join(root, `${from.manifest.sequence}-${to.manifest.sequence}.cpiab-delta`);
  const scratch = `${out}.scratch`;
  await mkdir(scratch);
  await writeDelta({
    base: await side(from),
    target: await side(to),
    out,
    scratch,
    signal,
    onPlan: () => {},
  });
  return out;
}

/** Packs a bundle as its build does, papers first; gives the tarball's path. */
export async function tarballOf({ directory, manifest }: TinyBundle): Promise<string> {
  const out = `${directory}.tar.zst`;
  const papers = ['manifest.json', 'manifest.json.minisig', ...Object.keys(manifest.files)];
  const names = [...papers, 'blobs', 'docker'];
  const transform = ['--transform', 's,^,bundle/,'];
  await run(['tar', '--create', '--zstd', '--file', out, '--directory', directory, ...transform, ...names]);
  return out;
}
