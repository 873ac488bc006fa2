import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { Registry } from '../../../builder/registry/registry.ts';
import type { Digest } from '../../../contract/manifest.ts';

export type Answering = (incoming: IncomingMessage, outgoing: ServerResponse) => unknown;

export interface HostileServer {
  base: URL;
  /** Every request that came, with what it showed of itself. */
  requests: { path: string; authorization: string | undefined }[];
  stop(): Promise<void>;
}

/** A server that answers as no registry does. @param tls a key and certificate; plain HTTP else. */
export async function startHostile(
  answer: Answering,
  tls?: { key: string; certificate: string },
): Promise<HostileServer> {
  const requests: HostileServer['requests'] = [];
  const listener: Answering = (incoming, outgoing) => {
    requests.push({ path: incoming.url ?? '', authorization: incoming.headers.authorization });
    // What is cut off on purpose has no reader.
    outgoing.on('error', () => {});
    answer(incoming, outgoing);
  };
  const server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer({ key: tls.key, cert: tls.certificate }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    base: new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/`),
    requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * Registries behind servers that answer so, ended after each test. Nobody waits for one longer than a moment.
 * @returns makes one.
 */
export function hostileRegistries(): (answer: Answering) => Promise<Registry> {
  let running: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(running.map((one) => one.stop()));
    running = [];
  });
  return async (answer) => {
    const server = await startHostile(answer);
    const registry = new Registry('ghcr.io', {
      bases: [server.base],
      credentials: async () => null,
      signal: new AbortController().signal,
      retry: { pauses: [1] },
      silenceMs: 300,
    });
    running.push(server, { stop: () => registry.close() });
    return registry;
  };
}

export const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

export const digestOf = (bytes: string | Uint8Array): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A descriptor of bytes that nobody has to hold. */
export const described = (mediaType: string, bytes: string | Uint8Array, more: object = {}) => ({
  mediaType,
  digest: digestOf(bytes),
  size: Buffer.byteLength(bytes),
  ...more,
});

/** Serves documents: name or digest → text and media type. */
export function documents(served: Record<string, { type: string; text: string }>): Answering {
  const all = new Map(
    Object.entries(served).flatMap(([name, one]) => [
      [name, one] as const,
      [digestOf(one.text), one] as const,
    ]),
  );
  return (incoming, outgoing) => {
    const found = all.get((incoming.url ?? '').split('/').at(-1) ?? '');
    if (found === undefined) outgoing.writeHead(404).end('{}');
    else outgoing.writeHead(200, { 'content-type': found.type }).end(found.text);
  };
}

/** Writes as fast as the other side reads, until it has enough. */
export async function endless(outgoing: ServerResponse): Promise<void> {
  const piece = Buffer.alloc(1 << 16, ' ');
  while (!outgoing.destroyed) if (!outgoing.write(piece)) await sleep(1);
}

/** A space now and then. */
export async function drip(outgoing: ServerResponse): Promise<void> {
  while (!outgoing.destroyed) {
    outgoing.write(' ');
    await sleep(20);
  }
}
