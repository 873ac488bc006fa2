import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { answerText } from '../../api/answer.ts';
import { httpServer } from '../../api/server.ts';

/** Serves published archives, and nothing else, to the cluster. Flux checks what it gets against the digest. */
export function artifactServer(directory: string): Server {
  return httpServer((incoming, outgoing) => {
    answer(directory, incoming, outgoing).catch(() => outgoing.destroy());
  });
}

async function answer(directory: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const name = /^\/((?:postcheck\/)?[0-9a-f]{40}\.tar\.gz)$/.exec(incoming.url ?? '')?.[1];
  if (name === undefined || (incoming.method !== 'GET' && incoming.method !== 'HEAD')) {
    return answerText(outgoing, 404, 'nothing here\n');
  }
  const path = join(directory, name);
  const found = await stat(path).catch(() => null);
  if (found === null) return answerText(outgoing, 404, 'no such revision\n');
  outgoing.writeHead(200, { 'content-type': 'application/gzip', 'content-length': found.size });
  if (incoming.method === 'HEAD') outgoing.end();
  else await pipeline(createReadStream(path), outgoing);
}
