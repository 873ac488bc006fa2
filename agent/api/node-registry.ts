import type { IncomingMessage, ServerResponse } from 'node:http';
import { ports } from '../../contract/layout.ts';
import type { Board } from '../board.ts';
import { type LiveConnections, peerOf } from '../enroll/live.ts';
import { answerText, notYet } from './answer.ts';
import type { ApiIdentity } from './identity.ts';
import { httpsServer, listen } from './server.ts';

/**
 * Serves images to nodes of this box, and to nobody else. It names no authority whose certificates it wants: a client
 * such as containerd's shows its own only to who does not, or names the one that signed it (RFC 8446 section 4.2.4),
 * and the record of nodes is the check in any case.
 */
export async function serveNodes(
  board: Board,
  identity: ApiIdentity,
  live: LiveConnections,
  signal: AbortSignal,
  port: number = ports.nodes,
): Promise<void> {
  const server = httpsServer(identity, null, (incoming, outgoing) => {
    answer(board, incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  });
  live.watch(server, (key) => board.peek('enrollment')?.refuses(key) ?? false);
  await listen(server, port, null, signal);
}

async function answer(board: Board, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const enrollment = board.peek('enrollment');
  const registry = board.peek('served')?.registry;
  if (enrollment === undefined || registry === undefined) return notYet(outgoing);
  try {
    enrollment.expectMember(peerOf(incoming.socket));
  } catch (error) {
    return answerText(outgoing, 403, `${(error as Error).message}\n`);
  }
  await registry.answer(incoming.url ?? '/', incoming, outgoing);
}
