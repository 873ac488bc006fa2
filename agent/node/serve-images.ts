import { join } from 'node:path';
import { ports } from '../../contract/layout.ts';
import { apiIdentity } from '../api/identity.ts';
import { serveNodes } from '../api/node-registry.ts';
import { RegistryProxy } from '../api/registry-proxy.ts';
import type { Board } from '../board.ts';
import { LiveConnections } from '../enroll/live.ts';
import type { Joining } from './joining.ts';
import { Roster, type Serving } from './roster.ts';

/** Begins to serve what the box told before this start, if it did. The registry itself runs since the medium is verified. */
export async function serveImages(board: Board, { store }: Joining, signal: AbortSignal): Promise<Serving> {
  const { address, members } = await store.requireCluster();
  const identity = await apiIdentity(join(store.directory, 'registry'), [address ?? '']);
  const live = new LiveConnections();
  const roster = new Roster(Date.now, (key) => live.end(key));
  roster.set(members);
  const proxy = new RegistryProxy(ports.registry);
  const readers = {
    registry: () => proxy,
    expectMember: roster.expectMember.bind(roster),
    // Who is none is told so.
    refuses: () => false,
  };
  await serveNodes(readers, identity, live, signal);
  return { roster, registry: { certificate: identity.certificate, bundle: board.get('signed').digest } };
}
