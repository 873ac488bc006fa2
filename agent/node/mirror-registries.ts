import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RegistryMaterial } from '../../contract/join-material.ts';
import { writeAtomic } from '../../host/files.ts';
import type { Board } from '../board.ts';
import type { JoinedCluster, NodeStore } from '../join/store.ts';
import { journal } from '../report/journal.ts';
import { type ClusterRegistry, writeMirrors } from './mirrors.ts';
import { nearestFirst } from './nearest.ts';

const LOOK_MS = 10_000;

/**
 * Lets containerd ask the box and other control planes for images, by the certificate that this node has now: the
 * nearest first that answers.
 */
export async function mirrorRegistries(
  board: Pick<Board, 'paths' | 'get'>,
  store: NodeStore,
  { registries }: Pick<JoinedCluster, 'registries'>,
  signal: AbortSignal,
): Promise<void> {
  const [box] = registries;
  if (box === undefined) return;
  const { run } = board.paths;
  const pair = join(run, 'node.pem');
  const [{ pem }, { grant }] = [await store.key(), await store.requireMember()];
  const cert = `${grant.certificate}${grant.chain}`;
  await writeAtomic(pair, `${cert}${pem}`, { mode: 0o600 });
  const sorted =
    registries.length === 1 ? registries : await nearestFirst(registries, { cert, key: pem }, signal);
  const own = board.get('signed').digest;
  const place = (one: RegistryMaterial) => placeOf(run, pair, one);
  const [same, others] = [
    sorted.filter(({ bundle }) => bundle === box.bundle),
    sorted.filter(({ bundle }) => bundle !== box.bundle),
  ];
  const [before, after] = own === box.bundle ? [[], sorted] : [same, others];
  await writeMirrors(join(run, 'certs.d'), {
    before: await Promise.all(before.map(place)),
    after: await Promise.all(after.map(place)),
  });
}

async function placeOf(
  run: string,
  pair: string,
  { address, certificate }: RegistryMaterial,
): Promise<ClusterRegistry> {
  const ca = join(run, `registry-${address.replace(':', '-')}.crt`);
  await writeAtomic(ca, certificate);
  return { address, ca, certificate: pair, key: pair };
}

/** Keeps containerd's order of several registries up to date; also while the box is gone. */
export async function keepMirrors(
  board: Pick<Board, 'paths' | 'get'>,
  store: NodeStore,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await sleep(LOOK_MS, undefined, { signal });
    const cluster = await store.requireCluster();
    if (cluster.registries.length < 2) continue;
    await mirrorRegistries(board, store, cluster, signal).catch((error: Error) => {
      signal.throwIfAborted();
      journal('warn', { mirrors: error.message });
    });
  }
}
