import type { IncomingMessage, ServerResponse } from 'node:http';
import { ports } from '../../contract/layout.ts';
import { type LiveConnections, peerOf } from '../enroll/live.ts';
import type { Peer } from '../enroll/requests.ts';
import { answerText, notYet } from './answer.ts';
import type { ApiIdentity } from './identity.ts';
import type { RegistryProxy } from './registry-proxy.ts';
import { httpsServer, listen } from './server.ts';

/** Who may read: on a box its own record says so, on another control plane what the box has told. */
export interface Readers {
  /** Undefined while there is no registry, or nobody knows who may read. */
  registry(): RegistryProxy | undefined;
  /** @throws CpiabError E2503, E2504 for who is no member. */
  expectMember(peer: Peer): void;
  /** Whether a key is shut out. */
  refuses(key: string): boolean;
}

/**
 * Serves images to nodes of the cluster, and to nobody else. It names no authority whose certificates it wants: a client
 * such as containerd shows its own only to who does not, or names the one that signed it (RFC 8446 section 4.2.4),
 * and the record of nodes is the check in any case.
 */
export async function serveNodes(
  readers: Readers,
  identity: ApiIdentity,
  live: LiveConnections,
  signal: AbortSignal,
  port: number = ports.nodes,
): Promise<void> {
  const server = httpsServer(identity, null, (incoming, outgoing) => {
    answer(readers, incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  });
  live.watch(server, (key) => readers.refuses(key));
  await listen(server, port, null, signal);
}

async function answer(readers: Readers, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const registry = readers.registry();
  if (registry === undefined) return notYet(outgoing);
  try {
    readers.expectMember(peerOf(incoming.socket));
  } catch (error) {
    return answerText(outgoing, 403, `${(error as Error).message}\n`);
  }
  await registry.answer(incoming.url ?? '/', incoming, outgoing);
}
