import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { ask } from './ask.ts';

/** Opens TCP connections from one address and keeps whatever of them the server keeps. */
export async function hold(port: number, from: string, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    socket.on('error', () => {});
    return socket;
  });
  // One that is refused closes too, and is no failure of whoever attacks.
  const settled = (socket: Socket) =>
    new Promise<void>((resolve) => socket.once('connect', () => resolve()).once('close', () => resolve()));
  await Promise.all(sockets.map(settled));
  return sockets;
}

/** A slowloris: TLS connections that send a header line each second, and come back when they are closed. */
export async function drip(port: number, from: string, count: number, signal: AbortSignal): Promise<void> {
  const one = async () => {
    while (!signal.aborted) {
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        socket: raw(port, from),
      });
      socket.on('error', () => {});
      socket.write('GET /v1/status HTTP/1.1\r\nhost: box\r\n');
      while (!signal.aborted && !socket.destroyed) {
        await sleep(1000, undefined, { signal }).catch(() => {});
        if (socket.writable) socket.write('x-slow: 1\r\n');
      }
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: count }, one));
}

function raw(port: number, from: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => {});
  return socket;
}

/** Milliseconds of status calls, each on a connection of its own, sorted. @param from address that they come from. @throws what the server does not answer. */
export async function statusTimes(url: string, ca: string, count: number, from?: string): Promise<number[]> {
  const local = from === undefined ? {} : { localAddress: from };
  const times: number[] = [];
  for (let call = 0; call < count; call++) {
    const began = performance.now();
    const { status } = await ask(`${url}/v1/status`, { ca, ...local });
    if (status !== 200) throw new Error(`status ${status}`);
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b);
}

/** @param sorted ascending. @param share such as 0.99. */
export const quantile = (sorted: number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
