import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodePublicKey,
  encodeSecretKey,
  generateSiteKey,
  type SiteKey,
  signBytes,
} from '../../../builder/bundle/minisign.ts';
import { type CargoChunk, type CargoManifest, cargoFiles } from '../../../contract/cargo.ts';
import type { TestApi } from '../api.ts';

/** Gives an operator the key of its site. @returns the key, and the path of its public half. */
export async function giveSiteKey({ directory }: TestApi): Promise<{ key: SiteKey; path: string }> {
  const keys = join(directory, '.config', 'cpiab', 'keys', 'lab');
  const key = generateSiteKey();
  await mkdir(keys, { recursive: true });
  await writeFile(join(keys, 'minisign.key'), encodeSecretKey(key));
  await writeFile(join(keys, 'minisign.pub'), encodePublicKey(key));
  return { key, path: join(keys, 'minisign.pub') };
}

export async function readManifest(directory: string): Promise<CargoManifest> {
  return JSON.parse(await readFile(join(directory, cargoFiles.manifest), 'utf8')) as CargoManifest;
}

/** Another manifest, signed by whoever has the key. */
export async function resign(directory: string, key: SiteKey, edit: (manifest: CargoManifest) => object) {
  const text = Buffer.from(JSON.stringify(edit(await readManifest(directory))));
  await writeFile(join(directory, cargoFiles.manifest), text);
  await writeFile(join(directory, cargoFiles.signature), signBytes(text, key, 'cargo'));
}

/** What a manifest says of a chunk's file. */
export function stored(id: string, content: Buffer): CargoChunk {
  return { id, sha256: createHash('sha256').update(content).digest('hex'), size: content.length };
}
