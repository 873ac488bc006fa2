import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

export interface Probe {
  protocol: 'tcp' | 'udp';
  host: string;
  port: number;
  /** What it comes from, where that is not the kernel's choice. */
  from?: { address?: string; port?: number };
}
/** `answers` and, for TCP, whom the other side saw; else what the sender was told. */
export type Outcome = { answers: true; seenAs: string } | { answers: false; why: string };

/** Shorter than the second after which TCP asks again: each probe is one packet, so that they can be counted. */
const PATIENCE_MS = 700;

/** Answers at ports of every address. @param ready called when it does. */
export function listen({ tcp, udp }: { tcp: number[]; udp: number[] }, ready: () => void): void {
  let waiting = tcp.length + udp.length * 2;
  const up = () => --waiting === 0 && ready();
  for (const port of tcp)
    createServer((socket) => {
      socket.on('error', () => {});
      socket.end((socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
    }).listen(port, up);
  for (const port of udp)
    for (const type of ['udp4', 'udp6'] as const) {
      const socket = createSocket({ type, ipv6Only: type === 'udp6' });
      socket.on('message', (_, { port: to, address }) => socket.send(address, to, address));
      socket.bind(port, up);
    }
}

function tcpProbe({ host, port, from }: Probe): Promise<Outcome> {
  return new Promise((resolve) => {
    const local = {
      ...(from?.address && { localAddress: from.address }),
      ...(from?.port && { localPort: from.port }),
    };
    const socket = connect({ host, port, ...local });
    const end = (outcome: Outcome) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(PATIENCE_MS, () => end({ answers: false, why: 'silence' }));
    socket.once('data', (data) => end({ answers: true, seenAs: data.toString() }));
    socket.once('error', (error: NodeJS.ErrnoException) => end({ answers: false, why: error.code ?? '' }));
  });
}

function udpProbe({ host, port, from }: Probe): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const end = (outcome: Outcome) => {
      clearTimeout(timer);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(() => end({ answers: false, why: 'silence' }), PATIENCE_MS);
    socket.once('message', (data) => end({ answers: true, seenAs: data.toString() }));
    socket.once('error', (error: NodeJS.ErrnoException) => end({ answers: false, why: error.code ?? '' }));
    socket.bind(from?.port ?? 0, from?.address, () => {
      socket.setBroadcast(true);
      socket.send('hello', port, host);
    });
  });
}

export const probe = (one: Probe) => (one.protocol === 'tcp' ? tcpProbe(one) : udpProbe(one));
