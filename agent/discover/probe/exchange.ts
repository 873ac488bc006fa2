import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** What is said to a host, and how long it has for all of it. */
export interface Exchange {
  address: string;
  port: number;
  tls: boolean;
  /** Sent as soon as the connection stands; nothing where the other side speaks first. */
  say: Buffer;
}

/** From the first packet to the last byte. */
const LONGEST_MS = 1500;
/** A banner, or a page's head. */
const MOST_BYTES = 8192;

/**
 * One connection: says its piece, and takes what comes first. TLS is not verified, as there is nothing to verify it
 * with: the answer is a hint. @returns null where no connection was taken; empty where nothing was said.
 */
export async function exchange(
  { address, port, tls, say }: Exchange,
  isEnough: (answer: Buffer) => boolean,
  signal: AbortSignal,
): Promise<Buffer | null> {
  const { promise, resolve } = Promise.withResolvers<Buffer | null>();
  let answer: Buffer | null = null;
  const socket = open(address, port, tls);
  const end = () => {
    socket.destroy();
    resolve(answer);
  };
  const timer = setTimeout(end, LONGEST_MS);
  signal.addEventListener('abort', end, { once: true });
  socket.once('connect', () => {
    answer = Buffer.alloc(0);
  });
  socket.once(tls ? 'secureConnect' : 'connect', () => socket.write(say));
  socket.on('data', (bytes: Buffer) => {
    answer = Buffer.concat([answer ?? bytes.subarray(0, 0), bytes]);
    if (answer.length >= MOST_BYTES || isEnough(answer)) end();
  });
  socket.on('error', end).once('close', end);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function open(host: string, port: number, tls: boolean): Socket {
  return tls
    ? connectTls({ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.2' })
    : connect({ host, port });
}
