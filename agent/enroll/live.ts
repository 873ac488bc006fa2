import { createHash } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { certificateParts } from '../pki/certificate-parts.ts';
import type { Peer } from './requests.ts';

/** Open connections by the key of their client, so that they can be ended when the key no longer counts. */
export class LiveConnections {
  readonly #open = new Map<string, Set<TLSSocket>>();

  /** @param refuses whether a key is shut out: then its connection ends before its first request. */
  watch(server: Server, refuses: (key: string) => boolean): void {
    server.prependListener('secureConnection', (socket: TLSSocket) => {
      const { key } = peerOf(socket);
      if (key === null) return;
      if (refuses(key)) return void socket.destroy();
      const own = this.#open.get(key) ?? new Set();
      this.#open.set(key, own.add(socket));
      socket.once('close', () => {
        own.delete(socket);
        if (own.size === 0) this.#open.delete(key);
      });
    });
  }

  /** Ends them at once, whatever is being answered. @returns how many. */
  end(key: string): number {
    const own = [...(this.#open.get(key) ?? [])];
    for (const socket of own) socket.destroy();
    return own.length;
  }
}

/** A connection is asked about more than once, and its certificate stays the same: TLS 1.3 has no renegotiation. */
const peers = new WeakMap<Socket, Peer>();

/** Whom a connection is of. TLS has proven that the client has the key; nothing else of its certificate is believed. */
export function peerOf(socket: Socket): Peer {
  const peer = peers.get(socket) ?? readPeer(socket);
  if (peer.key !== null) peers.set(socket, peer);
  return peer;
}

function readPeer(socket: Socket): Peer {
  const address = socket.remoteAddress ?? 'nowhere';
  const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined;
  const key = shown === undefined ? null : keyOf(shown);
  if (shown === undefined || key === null) return { key: null, certificate: null, address };
  return { key, certificate: createHash('sha256').update(shown).digest('hex'), address };
}

/**
 * As it stands in the certificate: to have OpenSSL encode the key again takes longer than all else here. Null for what
 * OpenSSL takes and is not DER: who shows that has shown nothing.
 */
function keyOf(certificate: Buffer): string | null {
  try {
    return createHash('sha256').update(certificateParts(certificate).spki).digest('hex');
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
