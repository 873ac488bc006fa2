import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { requireCurrent, type SignedManifest } from '../../host/cargo/papers.ts';
import { writeAtomic } from '../../host/files.ts';
import { jsonOrNull } from '../../host/json.ts';

/** A cargo's papers, and what they are held against. */
export interface Landing {
  signed: SignedManifest;
  /** This box. */
  receiver: { boxId: string; fingerprint: string };
  /** Milliseconds since the epoch. */
  now: number;
}

/** Of each sender, by its fingerprint, what was landed last. */
const LandedSchema = z.record(z.string(), z.strictObject({ sequence: z.int(), cargo: z.string() }));
type Landed = z.infer<typeof LandedSchema>;

/** Below the state tree; a landing brings it with the rest. */
const LANDED = join('cargo', 'landed.json');

/**
 * Holds a cargo's papers against this box.
 * @throws CpiabError E2191 for another box, E2192 older than what was landed, E2193 and E2194 by this box's clock.
 */
export async function requireLandable(state: string, { signed, receiver, now }: Landing): Promise<void> {
  const { manifest, digest } = signed;
  const last = (await landedBefore(state))[manifest.sender.fingerprint];
  const isAnother = last !== undefined && manifest.sequence === last.sequence && digest !== last.cargo;
  const after = (last?.sequence ?? 0) + (isAnother ? 1 : 0);
  requireCurrent('cargo', manifest, { now, receiver, after });
}

/**
 * Makes what was unpacked what this box goes on with: its own name and keys, and a mark for the engine that the
 * cluster's objects name others. @throws CpiabError E5403 when the cluster knows its node by another name.
 */
export async function adoptTree(state: string, tree: string, { signed }: Landing): Promise<void> {
  const nameIn = async (directory: string) =>
    (await readFile(join(directory, 'hostname'), 'utf8').catch(() => '')).trim();
  const [theirs, own] = [await nameIn(tree), await nameIn(state)];
  if (theirs !== own) {
    const name = theirs === '' ? 'the usual name' : `the name ${theirs}`;
    const why = `the cluster's node has ${name}, and its volumes belong to that; seed this box with it`;
    throw new CpiabError('E5403', { subject: 'cargo', args: [why] });
  }
  await rm(join(tree, 'hostname'), { force: true });
  await writeAtomic(join(tree, 'engine-adopted'), '');
  const { sender, sequence } = signed.manifest;
  const landed = { ...(await landedBefore(state)), [sender.fingerprint]: { sequence, cargo: signed.digest } };
  await mkdir(join(tree, 'cargo'), { mode: 0o700 });
  await writeAtomic(join(tree, LANDED), `${JSON.stringify(landed)}\n`);
}

async function landedBefore(state: string): Promise<Landed> {
  const text = await readFile(join(state, LANDED), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  // Written whole or not at all: guessing could let an old one in.
  return LandedSchema.parse(jsonOrNull(text));
}
