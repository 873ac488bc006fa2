import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerText } from './answer.ts';
import type { ApiIdentity } from './identity.ts';
import { type ApiParts, route } from './router.ts';
import { httpsServer, listen } from './server.ts';

/**
 * Serves the API on all addresses, from before the first step on: a box that stops at its first
 * step must still be able to say why.
 * @param log told of requests that failed in a way no client caused.
 */
export async function serveApi(
  parts: ApiParts,
  identity: ApiIdentity,
  operatorCa: string,
  port: number,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<void> {
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    route(parts, incoming, outgoing).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      log(`${JSON.stringify({ request: `${incoming.method} ${incoming.url}`, failed: why })}\n`);
      answerText(outgoing, 502, 'the box could not answer this\n');
    });
  };
  await listen(httpsServer(identity, operatorCa, listener), port, null, signal);
}
