import {
  createServer as createHttp,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionGate } from './connection-gate.ts';
import type { ApiIdentity } from './identity.ts';
import { endWith } from './raw-answer.ts';
import { RequestGuard } from './request-guard.ts';

/** Node's defaults let a slow client hold a connection for minutes, and any number of them. */
const limits: ServerOptions = {
  maxHeaderSize: 16 << 10,
  headersTimeout: 10_000,
  /** A push over a slow line is the longest request there is. */
  requestTimeout: 600_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 2000,
};
/** Without a byte either way. Git says something every 5 s while it works (git-config(1), `keepAlive`). */
const SILENCE_MS = 120_000;
const MAX_REQUESTS_PER_CONNECTION = 1000;
const RETRY_MS = 250;

/** Takes connections that become something else than HTTP, below one path. */
export interface Upgrades {
  below: string;
  take: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/**
 * A TLS server that asks for a client certificate and lets everyone in: who may do what is decided
 * for each request.
 * @param operatorCa PEM of the CA whose certificates count; null where others decide which do.
 */
export function httpsServer(
  identity: ApiIdentity,
  operatorCa: string | null,
  listener: RequestListener,
  upgrades: Upgrades | null = null,
): Server {
  const guard = new RequestGuard();
  const server = createHttps(
    {
      ...limits,
      key: identity.key,
      cert: identity.certificate,
      ...(operatorCa === null ? {} : { ca: operatorCa }),
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      handshakeTimeout: 10_000,
      // What wants to become something else elsewhere is answered as if it did not.
      shouldUpgradeCallback: ({ url = '' }) => upgrades !== null && url.startsWith(upgrades.below),
    },
    guard.around(listener),
  );
  server.on('upgrade', (incoming, socket, head) => {
    const refusal = guard.refusal(incoming);
    if (refusal === null) upgrades?.take(incoming, socket, head);
    else endWith(socket, refusal.status, refusal.why);
  });
  return limit(server);
}

export function httpServer(listener: RequestListener): Server {
  return limit(createHttp(limits, new RequestGuard().around(listener)));
}

/** By the codes of Node and of its HTTP parser. Status codes: RFC 9110 section 15.5.9, RFC 6585 section 5. */
const refusals: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

function limit(server: Server): Server {
  server.maxHeadersCount = 100;
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
  server.timeout = SILENCE_MS;
  // A client that breaks off or talks nonsense is no event of the box's.
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => {
    const status = refusals[code] ?? '400 Bad Request';
    // Without a handshake nothing can be said: what is left to be sent would hold the connection open.
    if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') socket.destroy();
    else if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  });
  new ConnectionGate().guard(server);
  return server;
}

/**
 * Listens, and waits for the address when its interface isn't up yet.
 * @param host an address of this machine, or null for all of them.
 * @throws the socket's error when it is another one.
 */
export async function listen(
  server: NetServer,
  port: number,
  host: string | null,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const error = await tryListen(server, port, host);
    if (error === null) {
      signal.addEventListener('abort', () => server.close(), { once: true });
      return;
    }
    if (error.code !== 'EADDRNOTAVAIL') throw error;
    await sleep(RETRY_MS, undefined, { signal });
  }
}

function tryListen(
  server: NetServer,
  port: number,
  host: string | null,
): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error);
    server.once('error', failed);
    server.listen({ port, ...(host === null ? {} : { host }) }, () => {
      server.off('error', failed);
      resolve(null);
    });
  });
}
