import { createHash } from 'node:crypto';
import { copyFile, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { bytesAt, ensureDirectory } from '../../host/files.ts';
import { parsePublicKey, verifyBytes } from '../../host/minisign.ts';
import { CARGO, type CargoIndex, CargoIndexSchema, CHUNK, INDEX } from '../cargo.ts';
import type { Drill } from '../drill.ts';
import type { Step } from '../step.ts';

/** The cargo on its way, and whether it is what was sealed. */
export const ship = {
  carry: { title: 'the cargo carried to bank B', run: carry },
  verify: { title: 'signature and every chunk, before anything of it is used', run: verify },
} satisfies Record<string, Step>;

async function carry(drill: Drill): Promise<object> {
  const [from, to] = [drill.cargo('a'), await ensureDirectory(drill.cargo('b'))];
  const names = [CARGO, INDEX, `${INDEX}.minisig`];
  for (const name of names) await copyFile(join(from, name), join(to, name));
  return { bytes: (await stat(join(to, CARGO))).size };
}

async function verify(drill: Drill): Promise<object> {
  const index = await readIndex(drill);
  const [from, to] = [join(drill.cargo('a'), CARGO), join(drill.cargo('b'), CARGO)];
  const copiedAgain: number[] = [];
  for (const [number, expected] of index.chunks.entries()) {
    if ((await hashAt(to, number)) === expected) continue;
    await copyChunk(from, to, number);
    if ((await hashAt(to, number)) !== expected)
      throw new Error(`chunk ${number} of the cargo is not what was sealed, and copied again neither`);
    copiedAgain.push(number);
  }
  if ((await stat(to)).size !== index.bytes) throw new Error(`the cargo should have ${index.bytes} bytes`);
  return { chunks: index.chunks.length, copiedAgain };
}

/** @throws Error unless the site's key has signed it, for this drill. */
export async function readIndex(drill: Drill): Promise<CargoIndex> {
  const path = join(drill.cargo('b'), INDEX);
  const bytes = await readFile(path);
  const signature = await readFile(`${path}.minisig`, 'utf8');
  if (!verifyBytes(bytes, signature, parsePublicKey(drill.publicKey)))
    throw new Error('the site has not signed this cargo');
  const index = parseDocument(CargoIndexSchema, bytes, path, "a drill's cargo");
  if (index.drill !== drill.world.id) throw new Error(`the cargo is that of drill ${index.drill}`);
  return index;
}

async function hashAt(path: string, number: number): Promise<string> {
  return createHash('sha256')
    .update(await bytesAt(path, number * CHUNK, CHUNK))
    .digest('hex');
}

async function copyChunk(from: string, to: string, number: number): Promise<void> {
  const chunk = await bytesAt(from, number * CHUNK, CHUNK);
  const file = await open(to, 'r+');
  try {
    await file.write(chunk, 0, chunk.length, number * CHUNK);
    await file.sync();
  } finally {
    await file.close();
  }
}
