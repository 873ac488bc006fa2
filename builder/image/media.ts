import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildReport } from '../../contract/build-report.ts';
import { bundleFiles, medium } from '../../contract/layout.ts';
import type { Digest } from '../../contract/manifest.ts';
import type { MediaKind } from '../../contract/media.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import { linkOrCopy, sha256File, writeAtomic } from '../../host/files.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import type { Bundle } from '../bundle/assemble.ts';
import { type SiteKey, signPrehashed } from '../bundle/minisign.ts';
import { writeBundle } from '../bundle/write.ts';
import type { BuildHost } from '../host.ts';
import { retractReport } from '../report.ts';
import { isoTree, writeIso } from './iso.ts';
import type { Output } from './output.ts';
import { writeTarball } from './tarball.ts';

type Artifact = BuildReport['artifacts'][number];

export interface MediaInput {
  site: Site;
  bundle: Bundle;
  /** Seconds since the epoch: every time on the media. */
  epoch: number;
  sandbox: Sandbox;
  key: SiteKey;
  /** Text of `minisign.pub`. */
  publicKey: string;
  output: Output;
  kinds: readonly MediaKind[];
}

/** Writes the bundle and the media asked for, then gives all of them their names. */
export async function writeMedia(host: BuildHost, input: MediaInput): Promise<Artifact[]> {
  const { bundle, output } = input;
  const directory = join(output.scratch, 'bundle');
  const artifacts = [await made(host, 'bundle', () => bundleArtifact(host, bundle, directory))];
  for (const kind of input.kinds)
    artifacts.push(await made(host, kind, () => writers[kind](host, input, directory)));
  for (const name of [bundleFiles.manifest, bundleFiles.signature]) {
    await linkOrCopy(join(directory, name), join(output.scratch, name));
    artifacts.push(await made(host, name, () => describe(output.scratch, name)));
  }
  await writeAtomic(join(output.scratch, 'minisign.pub'), input.publicKey);
  const sums = artifacts
    .filter(({ name }) => name !== 'bundle')
    .map(({ name, digest }) => `${digest.slice(7)}  ${name}\n`);
  await writeAtomic(join(output.scratch, 'SHA256SUMS'), sums.toSorted().join(''));
  await retractReport(output.directory);
  for (const name of [...artifacts.map((artifact) => artifact.name), 'minisign.pub', 'SHA256SUMS']) {
    await output.publish(join(output.scratch, name), name);
  }
  return artifacts;
}

/** How each kind of medium is written; its file is left in the output's scratch under its final name. */
const writers: Record<
  MediaKind,
  (host: BuildHost, input: MediaInput, directory: string) => Promise<Described>
> = {
  iso: async (host, { bundle, epoch, sandbox, site, output, ...input }) => {
    const name = `cpiab-${site.name}.iso`;
    const sign = (hash: Buffer) => signPrehashed(hash, input.key, sealComment(name, bundle));
    const tree = isoTree(bundle);
    await writeIso({
      tree,
      epoch,
      sandbox,
      sign,
      out: join(output.scratch, name),
      cache: host.cache,
      signal: host.signal,
    });
    return await describe(output.scratch, name);
  },
  tarball: async (host, { bundle, epoch, sandbox, site, output, ...input }, directory) => {
    const name = `cpiab-${site.name}.tar.zst`;
    const scratch = join(output.scratch, 'tarball');
    await mkdir(scratch);
    const sign = (hash: Buffer) => signPrehashed(hash, input.key, sealComment(name, bundle));
    const out = join(output.scratch, name);
    await writeTarball({ directory, bundle, epoch, sandbox, scratch, sign, out, signal: host.signal });
    return await describe(output.scratch, name);
  },
};

type Described = Omit<Artifact, 'tookMs'>;

async function made(host: BuildHost, name: string, work: () => Promise<Described>): Promise<Artifact> {
  const started = performance.now();
  const part = { id: `media/${name}`, title: name, phase: 'write' as const };
  const artifact = await tracked(host.progress, part, work, ({ size }) => ({ bytes: size }));
  return { ...artifact, tookMs: Math.round(performance.now() - started) };
}

async function bundleArtifact(host: BuildHost, bundle: Bundle, directory: string): Promise<Described> {
  await writeBundle(host.cache, bundle, directory, host.signal);
  const { sha256 } = await sha256File(join(directory, bundleFiles.manifest));
  const size = bundle.manifest.blobs.reduce((sum, blob) => sum + blob.size, 0);
  return { name: medium.bundle, size, digest: `sha256:${sha256}` };
}

async function describe(folder: string, name: string): Promise<Described> {
  const { sha256, size } = await sha256File(join(folder, name));
  const digest: Digest = `sha256:${sha256}`;
  return { name, size, digest };
}

const sealComment = (name: string, { manifest }: Bundle) =>
  `file=${name} sequence=${manifest.sequence} revision=${manifest.revision}`;
