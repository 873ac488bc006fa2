import type { IncomingMessage, ServerResponse } from 'node:http';
import { kubernetesPath } from '../../contract/kubernetes.ts';
import { messageOf } from '../../contract/message-of.ts';
import type { LiveConnections } from '../enroll/live.ts';
import type { Journal } from '../report/journal.ts';
import { answerText } from './answer.ts';
import type { ApiIdentity } from './identity.ts';
import { operatorOf } from './operator.ts';
import { type ApiParts, route } from './router.ts';
import { httpsServer, listen, type Upgrades } from './server.ts';

/**
 * Serves the API on all addresses, from before the first step on: a box that stops at its first
 * step must still be able to say why.
 * @param journal told of requests that failed in a way no client caused.
 */
export async function serveApi(
  parts: ApiParts,
  identity: ApiIdentity,
  operatorCa: string,
  live: LiveConnections,
  port: number,
  signal: AbortSignal,
  journal: Journal,
): Promise<void> {
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    route(parts, incoming, outgoing).catch((error: unknown) => {
      const why = messageOf(error);
      journal('error', { request: `${incoming.method} ${incoming.url}`, failed: why });
      answerText(outgoing, 502, 'the box could not answer this\n');
    });
  };
  const server = httpsServer(identity, operatorCa, listener, upgrades(parts, journal));
  live.watch(server, (key) => parts.enroll.refuses(key));
  await listen(server, port, null, signal);
}

/** Connections to containers, for operators. */
export const upgrades = ({ kubernetes }: Pick<ApiParts, 'kubernetes'>, journal: Journal): Upgrades => ({
  below: `${kubernetesPath}/`,
  take: (incoming, socket, head) => {
    kubernetes.upgrade(incoming, socket, head, operatorOf(incoming)).catch((error: unknown) => {
      const why = messageOf(error);
      journal('error', { upgrade: incoming.url, failed: why });
      socket.destroy();
    });
  },
});
