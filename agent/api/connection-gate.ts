import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { clientOf } from './client-address.ts';
import { type Rate, TokenBuckets } from './token-buckets.ts';

export interface ConnectionLimits {
  /** At once, of all clients and of one. */
  total: number;
  perClient: number;
  /** New ones of one client. */
  rate: Rate;
}

/** Enough for a browser, `git` and a node that pulls images, behind one address. */
export const connectionLimits: ConnectionLimits = {
  total: 512,
  perClient: 64,
  rate: { burst: 128, perSecond: 16 },
};
const CLIENTS_REMEMBERED = 4096;

/**
 * Decides which connections a server takes, before any of TLS is computed. When there is no room, the
 * client with the most connections loses its oldest one that is not being answered. So connections that
 * are held open for nothing make place for those that ask, and no client can keep others out.
 */
export class ConnectionGate {
  readonly #limits: ConnectionLimits;
  readonly #arrivals: TokenBuckets;
  /** Connections of each client, oldest first. */
  readonly #open = new Map<string, Set<Socket>>();
  /** How many requests are being answered, by connection. */
  readonly #answering = new Map<string, number>();
  #total = 0;

  constructor(limits: ConnectionLimits = connectionLimits) {
    this.#limits = limits;
    this.#arrivals = new TokenBuckets(limits.rate, CLIENTS_REMEMBERED);
  }

  /** Puts itself before whatever the server does with a new connection. */
  guard(server: Server): void {
    const then = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (!this.#admit(socket)) socket.resetAndDestroy();
      else for (const listener of then) listener.call(server, socket);
    });
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) =>
      this.#note(incoming, outgoing),
    );
  }

  #admit(socket: Socket): boolean {
    const client = clientOf(socket.remoteAddress);
    if (this.#arrivals.take(client) > 0 || !this.#makeRoom(client)) return false;
    const own = this.#open.get(client) ?? new Set();
    this.#open.set(client, own.add(socket));
    this.#total++;
    socket.once('close', () => this.#forget(client, socket));
    return true;
  }

  #makeRoom(client: string): boolean {
    const { perClient, total } = this.#limits;
    if ((this.#open.get(client)?.size ?? 0) >= perClient) return this.#evict(client);
    return this.#total < total || this.#evict(this.#largest());
  }

  #largest(): string {
    let [largest, most] = ['', 0];
    for (const [client, { size }] of this.#open) if (size > most) [largest, most] = [client, size];
    return largest;
  }

  #evict(client: string): boolean {
    for (const socket of this.#open.get(client) ?? []) {
      if (this.#answering.has(nameOf(socket))) continue;
      this.#forget(client, socket);
      socket.resetAndDestroy();
      return true;
    }
    return false;
  }

  #forget(client: string, socket: Socket): void {
    const own = this.#open.get(client);
    if (own?.delete(socket) !== true) return;
    if (own.size === 0) this.#open.delete(client);
    this.#total--;
  }

  #note(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const connection = nameOf(incoming.socket);
    this.#answering.set(connection, (this.#answering.get(connection) ?? 0) + 1);
    outgoing.once('close', () => {
      const left = (this.#answering.get(connection) ?? 1) - 1;
      if (left > 0) this.#answering.set(connection, left);
      else this.#answering.delete(connection);
    });
  }
}

/** The same for a TCP connection and for the TLS inside it. */
const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
