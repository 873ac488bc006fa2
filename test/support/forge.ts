import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { siteKeys } from '../../builder/bundle/keys.ts';
import { type SiteKey, signBytes } from '../../builder/bundle/minisign.ts';
import { bundleFiles } from '../../contract/layout.ts';
import type { Digest, Manifest } from '../../contract/manifest.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents are taken apart in ways that their types forbid.
type Loose = any;
type Change = (document: Loose) => unknown;

export interface Forgery {
  /** Artifact name → what becomes of its document. All that names the artifact is made to agree. */
  documents?: Record<string, Change>;
  /** What becomes of an artifact's OCI manifest. */
  artifacts?: Record<string, Change>;
  index?: Change;
  manifest?: Change;
  /** Files to put beside the blobs, and into the manifest. */
  files?: Record<string, string>;
  /** Instead of the site's key. */
  key?: SiteKey;
}

/**
 * Changes a tiny bundle where it lies and signs it again: what somebody could do who has the site's key.
 * @param root directory that holds the bundle's keys.
 */
export async function forge(root: string, directory: string, forgery: Forgery): Promise<void> {
  const bundle = await openForgery(directory);
  for (const [name, change] of Object.entries(forgery.documents ?? {})) await bundle.document(name, change);
  for (const [name, change] of Object.entries(forgery.artifacts ?? {})) await bundle.artifact(name, change);
  forgery.index?.(bundle.index);
  bundle.manifest.files[bundleFiles.index] = await bundle.file(
    bundleFiles.index,
    JSON.stringify(bundle.index),
  );
  for (const [name, text] of Object.entries(forgery.files ?? {}))
    bundle.manifest.files[name] = await bundle.file(name, text);
  forgery.manifest?.(bundle.manifest);
  const text = JSON.stringify(bundle.manifest);
  const key = forgery.key ?? (await siteKeys(join(root, 'keys'))).site;
  await bundle.file(bundleFiles.manifest, text);
  await bundle.file(bundleFiles.signature, signBytes(Buffer.from(text), key, 'forged'));
}

async function openForgery(directory: string) {
  const json = async (name: string) => JSON.parse(await readFile(join(directory, name), 'utf8')) as Loose;
  const manifest = (await json(bundleFiles.manifest)) as Manifest;
  const index = await json(bundleFiles.index);
  const blob = (digest: Digest) => join(bundleFiles.blobs, digest.slice(7));
  const file = async (name: string, text: string): Promise<Digest> => {
    // Files may be hard links of others.
    await rm(join(directory, name), { force: true });
    await writeFile(join(directory, name), text);
    return `sha256:${createHash('sha256').update(text).digest('hex')}`;
  };
  /** Puts content in the place of a blob, in the manifest too. */
  const replace = async (old: Digest, text: string): Promise<Digest> => {
    const digest: Digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    await rm(join(directory, blob(old)));
    await file(blob(digest), text);
    const known = manifest.blobs.find((found) => found.digest === old);
    Object.assign(known ?? {}, { digest, size: Buffer.byteLength(text) });
    return digest;
  };
  const artifact = async (name: string, change: Change) => {
    const old = manifest.artifacts[name] as Digest;
    const content = await json(blob(old));
    await change(content);
    const digest = await replace(old, JSON.stringify(content));
    manifest.artifacts[name] = digest;
    for (const entry of index.manifests) if (entry.digest === old) entry.digest = digest;
    if (name !== 'provenance') await document('provenance', (statement) => rename(statement, old, digest));
  };
  const document = async (name: string, change: Change) => {
    await artifact(name, async ({ layers: [layer] }) => {
      const content = await json(blob(layer.digest));
      const changed = change(content);
      const text = typeof changed === 'string' ? changed : JSON.stringify(content);
      layer.digest = await replace(layer.digest, text);
      layer.size = Buffer.byteLength(text);
    });
  };
  return { manifest, index, file, artifact, document };
}

function rename(statement: Loose, old: Digest, digest: Digest): void {
  for (const subject of statement.subject)
    if (subject.digest.sha256 === old.slice(7)) subject.digest.sha256 = digest.slice(7);
}
