import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { startPiped } from '../../../host/piped-process.ts';
import { readCgiHead } from './cgi.ts';
import { answerHooks, type HookAnswer, type HookRequest } from './hook-channel.ts';
import { gitEnvironment } from './settings.ts';

/** A request that `git http-backend` answers. */
export interface BackendRequest {
  /** Directory of the repositories. */
  root: string;
  /** Path below it, with a leading slash, such as `/lab.git/info/refs`. */
  path: string;
  /** Without the question mark. */
  query: string;
  /** Who pushes; null may only read. Without a name git itself refuses a push. */
  user: string | null;
  /** Bytes of the request's body, as sent. */
  maxBody: number;
  /** Milliseconds that it may take to arrive. */
  maxBodyMs: number;
  hooks?: PushHooks;
}

/** What git asks about a push, before and after. */
export interface PushHooks {
  /** Directory of the hooks. */
  path: string;
  answer: (request: HookRequest) => Promise<HookAnswer>;
}

/**
 * Lets `git http-backend` answer, both ways as streams. Source: RFC 3875 (CGI), git-http-backend(1).
 */
export async function runBackend(
  { root, path, query, user, maxBody, maxBodyMs, hooks }: BackendRequest,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { headers } = incoming;
  const optional = {
    CONTENT_TYPE: headers['content-type'],
    CONTENT_LENGTH: headers['content-length'],
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    GIT_PROTOCOL: gitProtocol(headers['git-protocol']),
    REMOTE_USER: user ?? undefined,
  };
  const backend = startPiped(['git', 'http-backend'], {
    signal,
    channel: hooks !== undefined,
    env: {
      ...gitEnvironment(hooks === undefined ? {} : { 'core.hooksPath': hooks.path }),
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GATEWAY_INTERFACE: 'CGI/1.1',
      SERVER_PROTOCOL: 'HTTP/1.1',
      REQUEST_METHOD: incoming.method ?? 'GET',
      PATH_INFO: path,
      QUERY_STRING: query,
      REMOTE_ADDR: incoming.socket.remoteAddress ?? '',
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    } as Record<string, string>,
  });
  if (hooks !== undefined && backend.channel !== null) answerHooks(backend.channel, hooks.answer);
  outgoing.once('close', () => !outgoing.writableFinished && backend.kill());
  const arrival = { signal: AbortSignal.timeout(maxBodyMs) };
  const sent = pipeline(incoming, limit(maxBody), backend.stdin, arrival).catch(() => {});
  const { status, head, body } = await readCgiHead(backend.stdout);
  outgoing.writeHead(status, head);
  await pipeline(body, outgoing);
  await backend.ended;
  await sent;
}

/** Passes bytes on, and ends the request when there are more than allowed: chunked ones say no length. */
const limit = (max: number) =>
  async function* (source: AsyncIterable<Buffer>) {
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > max) throw new Error('request too large');
      yield chunk;
    }
  };

/** The client's protocol version; anything else than git's own form is dropped. */
function gitProtocol(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && /^[\w=:.-]{1,200}$/.test(value) ? value : undefined;
}
