import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BuildReport } from '../../contract/build-report.ts';
import { bundleFiles, medium } from '../../contract/layout.ts';
import { type Digest, digestOf, hexOf } from '../../contract/manifest.ts';
import { type MediaKind, mediaFile } from '../../contract/media.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import { mediumOfFolder, volumesFolder } from '../../contract/volumes.ts';
import { linkOrCopy, sha256File, writeAtomic } from '../../host/files.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import type { Bundle } from '../bundle/assemble.ts';
import { type SiteKey, signBytes, signPrehashed } from '../bundle/minisign.ts';
import { writeBundle } from '../bundle/write.ts';
import type { BuildHost } from '../host.ts';
import { retractReport } from '../report.ts';
import { toQcow2, toZstd } from './disk/convert.ts';
import { writeDisk } from './disk/disk.ts';
import { writeIso } from './iso.ts';
import type { Output } from './output.ts';
import { removeStale, sums } from './stale.ts';
import { writeTarball } from './tarball.ts';
import { mediumTree } from './tree.ts';
import { indexFiles, indexMedium, writeVolumes } from './volumes.ts';

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
  /** Most bytes of a volume; without it media are not split. */
  volumeSize: number | undefined;
}

/** Writes the bundle and the media asked for, then gives all of them their names. */
export async function writeMedia(host: BuildHost, input: MediaInput): Promise<Artifact[]> {
  const { bundle, output } = input;
  const { scratch } = output;
  const directory = join(scratch, 'bundle');
  const artifacts = [await made(host, 'bundle', () => bundleArtifact(host, bundle, directory))];
  const add = async (name: string, write: () => Promise<void>) => {
    const work = () => write().then(() => describe(scratch, name));
    artifacts.push(await made(host, name, work));
  };
  const disk = diskOnce(host, input);
  for (const kind of input.kinds) {
    const name = mediaFile[kind](input.site.name);
    artifacts.push(...(await writeMedium(host, input, name, (out) => writers[kind](host, input, out, disk))));
    for (const each of indexFiles(name)) await add(each, async () => {});
  }
  for (const name of [bundleFiles.manifest, bundleFiles.signature])
    await add(name, async () => void (await linkOrCopy(join(directory, name), join(scratch, name))));
  await writeSums(scratch, artifacts, input);
  await retractReport(output.directory);
  const names = artifacts.map((artifact) => artifact.name);
  const stale = await removeStale(output.directory, input.site.name, new Set(names));
  if (stale.length > 0)
    host.progress({ type: 'note', detail: `removed media of an earlier build: ${stale.join(', ')}` });
  for (const name of [...names, 'minisign.pub', sums, `${sums}.minisig`])
    await output.publish(join(scratch, name), name);
  return artifacts;
}

/** One medium with its index, and its volumes where somebody wants any. */
async function writeMedium(
  host: BuildHost,
  { bundle, site, key, output, volumeSize }: MediaInput,
  name: string,
  write: (out: string) => Promise<void>,
): Promise<Artifact[]> {
  const path = join(output.scratch, name);
  const { sequence, revision } = bundle.manifest;
  const comment = (file: string) => sealComment(file, bundle);
  const { signed, ...whole } = await made(host, name, async () => {
    await write(path);
    return await indexMedium(path, { site: site.name, sequence, revision, key, comment }, host.signal);
  });
  if (volumeSize === undefined) return [whole];
  const split = () => writeVolumes(path, signed, volumeSize, host.signal);
  return [whole, await made(host, volumesFolder(name), split)];
}

/** What `sha256sum --check` reads, signed, and the key to check that with: all there is for disk images, which have no room for a seal. */
async function writeSums(scratch: string, artifacts: Artifact[], { key, publicKey, bundle }: MediaInput) {
  const lines = artifacts
    .filter(({ name }) => name !== medium.bundle && mediumOfFolder(name) === null)
    .map(({ name, digest }) => `${hexOf(digest)}  ${name}\n`);
  const text = lines.toSorted().join('');
  await writeAtomic(join(scratch, sums), text);
  const signature = signBytes(Buffer.from(text), key, sealComment(sums, bundle));
  await writeAtomic(join(scratch, `${sums}.minisig`), signature);
  await writeAtomic(join(scratch, 'minisign.pub'), publicKey);
}

type Disk = () => Promise<string>;

/** The raw image that all kinds of disk image are made of, written when the first one asks for it. */
function diskOnce(host: BuildHost, { bundle, epoch, output, sandbox, site }: MediaInput): Disk {
  let made: Promise<string> | undefined;
  const make = async () => {
    const out = join(output.scratch, 'disk.raw');
    const { cache, signal } = host;
    const { dataMiB, encrypt } = site.disk;
    const state = { data: dataMiB * 2 ** 20, encrypted: encrypt !== 'none' };
    await writeDisk({ tree: mediumTree(bundle), ...state, epoch, sandbox, out, cache, signal });
    return out;
  };
  return () => {
    made ??= make();
    return made;
  };
}

type Writer = (host: BuildHost, input: MediaInput, out: string, disk: Disk) => Promise<void>;

/** How each kind of medium is written to its path in the output's scratch. */
const writers: Record<MediaKind, Writer> = {
  iso: async ({ cache, signal }, { bundle, epoch, sandbox, key, site }, out) => {
    const sign = (hash: Buffer) => signPrehashed(hash, key, sealComment(basename(out), bundle));
    const install = site.install.mode;
    await writeIso({ tree: mediumTree(bundle), install, epoch, sandbox, sign, out, cache, signal });
  },
  tarball: async ({ signal }, { bundle, epoch, sandbox, key, output }, out) => {
    const directory = join(output.scratch, medium.bundle);
    const scratch = join(output.scratch, 'tarball');
    await mkdir(scratch);
    const sign = (hash: Buffer) => signPrehashed(hash, key, sealComment(basename(out), bundle));
    await writeTarball({ directory, bundle, epoch, sandbox, scratch, sign, out, signal });
  },
  raw: async (_, __, out, disk) => void (await linkOrCopy(await disk(), out)),
  qcow2: async ({ signal }, { sandbox }, out, disk) => await toQcow2(await disk(), out, sandbox, signal),
  'raw.zst': async ({ signal }, { sandbox }, out, disk) => await toZstd(await disk(), out, sandbox, signal),
};

type Described = Omit<Artifact, 'tookMs'>;

async function made<Made extends Described>(host: BuildHost, name: string, work: () => Promise<Made>) {
  const started = performance.now();
  const part = { id: `media/${name}`, title: name, phase: 'write' as const };
  const artifact = await tracked(host.progress, part, work, ({ size }) => ({ bytes: size }));
  return { ...artifact, tookMs: Math.round(performance.now() - started) };
}

async function bundleArtifact(host: BuildHost, bundle: Bundle, directory: string): Promise<Described> {
  await writeBundle(host.cache, bundle, directory, host.signal);
  const { sha256 } = await sha256File(join(directory, bundleFiles.manifest));
  const size = bundle.manifest.blobs.reduce((sum, blob) => sum + blob.size, 0);
  return { name: medium.bundle, size, digest: digestOf(sha256) };
}

async function describe(folder: string, name: string): Promise<Described> {
  const { sha256, size } = await sha256File(join(folder, name));
  const digest: Digest = digestOf(sha256);
  return { name, size, digest };
}

const sealComment = (name: string, { manifest }: Bundle) =>
  `file=${name} sequence=${manifest.sequence} revision=${manifest.revision}`;
