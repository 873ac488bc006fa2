import { join } from 'node:path';
import { writeAtomic } from '../../host/files.ts';
import type { Board } from '../board.ts';
import type { JoinedCluster, NodeStore } from '../join/store.ts';
import { writeMirrors } from './mirrors.ts';

/** Lets containerd ask the box for images, by the certificate that this node has now. */
export async function mirrorBox(
  board: Pick<Board, 'paths' | 'get'>,
  store: NodeStore,
  { registry }: JoinedCluster,
): Promise<void> {
  if (registry === null) return;
  const { run } = board.paths;
  const ca = join(run, 'box.crt');
  const pair = join(run, 'node.pem');
  const [{ pem }, { grant }] = [await store.key(), await store.requireMember()];
  await writeAtomic(ca, registry.certificate);
  await writeAtomic(pair, `${grant.certificate}${grant.chain}${pem}`, { mode: 0o600 });
  const sameBundle = registry.bundle === board.get('signed').digest;
  const { address } = registry;
  await writeMirrors(join(run, 'certs.d'), { address, ca, certificate: pair, key: pair, sameBundle });
}
