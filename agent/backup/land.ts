import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { BackupManifest, Landing } from '../../contract/backup.ts';
import { CpiabError } from '../../contract/errors.ts';
import { writeAtomic } from '../../host/files.ts';
import { jsonOrNull } from '../../host/json.ts';

/** What a cargo is held against. */
export interface Landable {
  /** This box. */
  receiver: Landing['receiver'];
  /** Milliseconds since the epoch. */
  now: number;
}

/** Of each sender, by its fingerprint, what was landed last. */
const LandedSchema = z.record(z.string(), z.strictObject({ sequence: z.int(), cargo: z.string() }));
type Landed = z.infer<typeof LandedSchema>;

/** Below the state tree; a landing brings it with the rest. */
const LANDED = join('cargo', 'landed.json');

/**
 * Holds a cargo's papers against this box. Whoever lands it has checked their signature.
 * @throws CpiabError E2191 for another box, E2192 older than what was landed, E2193 and E2194 by this box's clock,
 *   E5403 for what is no cargo.
 */
export async function requireLandable(
  state: string,
  { landing, contents, fingerprint }: BackupManifest,
  { receiver, now }: Landable,
): Promise<void> {
  const subject = 'cargo';
  if (landing === undefined || contents !== 'cargo')
    throw new CpiabError('E5403', { subject, args: ['it is a backup: `cpiab restore` takes it'] });
  const { boxId } = landing.receiver;
  if (boxId !== receiver.boxId || landing.receiver.fingerprint !== receiver.fingerprint)
    throw new CpiabError('E2191', { subject, args: [`box ${boxId}`, `box ${receiver.boxId}`] });
  const clock = new Date(now).toISOString();
  if (now < Date.parse(landing.created))
    throw new CpiabError('E2193', { subject, args: [landing.created, clock] });
  if (now >= Date.parse(landing.expires))
    throw new CpiabError('E2194', { subject, args: [landing.expires, clock] });
  const last = (await landedBefore(state))[fingerprint];
  const isStale =
    last !== undefined &&
    (landing.sequence < last.sequence ||
      (landing.sequence === last.sequence && landing.cargo !== last.cargo));
  if (isStale)
    throw new CpiabError('E2192', { subject, args: [String(landing.sequence), String(last.sequence)] });
}

/**
 * Makes what was unpacked what this box goes on with: its own name and keys, and a mark for the engine that the
 * cluster's objects name others. @throws CpiabError E5403 when the cluster knows its node by another name.
 */
export async function adoptTree(state: string, tree: string, manifest: BackupManifest): Promise<void> {
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
  const { landing, fingerprint } = manifest;
  if (landing === undefined) return;
  const landed = { ...(await landedBefore(state)) };
  landed[fingerprint] = { sequence: landing.sequence, cargo: landing.cargo };
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
