import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { bundleFiles, medium } from '../../contract/layout.ts';
import { type Digest, hexOf, type Manifest } from '../../contract/manifest.ts';
import { servedView } from '../../contract/served-view.ts';

/** What the file is made of: a bundle that this box has verified. */
export interface JoinFileParts {
  /** How the file begins. */
  script: string;
  /** Directory of the bundle. */
  bundle: string;
  manifest: Manifest;
  /** Digest of the manifest's own bytes. */
  digest: Digest;
  /** SHA-256 of the box's key. */
  fingerprint: string;
}

/** As many digits as the place of the bundle in the file is written with, whatever it is. */
const DIGITS = 8;
/** The same for whoever asks. */
const EPOCH = new Date(0);

/**
 * Sends the one file that makes another machine a node: a script, and behind it the box's signed bundle as the tree of a
 * medium. It is put together while it is sent; nothing of it is kept.
 */
export async function sendJoinFile(parts: JoinFileParts, outgoing: ServerResponse): Promise<void> {
  const head = joinScript(await readFile(parts.script, 'utf8'), parts);
  outgoing.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="cpiab-join"',
  });
  outgoing.write(head);
  const archive = pack();
  const filled = fill(archive, parts).catch((error: Error) => {
    archive.destroy(error);
    throw error;
  });
  await Promise.all([pipeline(archive, outgoing), filled]);
}

/** The script with what it has to know of the bundle. @param template has names between at signs. */
export function joinScript(template: string, { manifest, digest, fingerprint }: JoinFileParts): string {
  const modules = Object.entries(manifest.links).filter(([path]) => path.endsWith('.squashfs'));
  const values: Record<string, string> = {
    PIN: fingerprint,
    MANIFEST: hexOf(digest),
    BYTES: String(manifest.blobs.reduce((sum, { size }) => sum + size, 0)),
    PAYLOAD: '0'.repeat(DIGITS),
    MODULES: modules.map(([path, blob]) => `${hexOf(blob)}  ${path}`).join('\n'),
  };
  const filled = (given: typeof values) =>
    template.replaceAll(/@([A-Z]+)@/g, (_, name: string) => given[name] ?? '');
  // Bash would read a number with zeros in front as an octal one; tail(1) does not.
  const begins = String(Buffer.byteLength(filled(values)) + 1).padStart(DIGITS, '0');
  return filled({ ...values, PAYLOAD: begins });
}

/** The tree of a medium, as an update writes it into a slot. */
async function fill(archive: Pack, { bundle, manifest }: JoinFileParts): Promise<void> {
  const inBundle = (name: string) => `${medium.bundle}/${name}`;
  const pooled = (digest: Digest) => `${bundleFiles.blobs}/${hexOf(digest)}`;
  const papers = [bundleFiles.manifest, bundleFiles.signature, ...Object.keys(manifest.files)];
  const blobs = manifest.blobs.map(({ digest }) => pooled(digest));
  for (const name of [...papers, ...blobs]) await addFile(archive, join(bundle, name), inBundle(name));
  const link = (path: string, digest: Digest) =>
    archive.entry({ name: path, type: 'link', linkname: inBundle(pooled(digest)), mtime: EPOCH });
  for (const [path, digest] of Object.entries(manifest.links)) link(path, digest);
  const view = await servedView(manifest, (digest) => readFile(join(bundle, pooled(digest))));
  for (const [path, digest] of view.blobs) link(inBundle(path), digest);
  for (const [path, text] of view.links)
    archive.entry({ name: inBundle(path), mode: 0o644, mtime: EPOCH }, text);
  archive.finalize();
}

async function addFile(archive: Pack, path: string, name: string): Promise<void> {
  const { size } = await stat(path);
  const entry = archive.entry({ name, size, mode: 0o644, mtime: EPOCH });
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), entry);
}
