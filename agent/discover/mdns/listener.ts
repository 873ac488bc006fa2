import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isOnLink, type Link } from '../links.ts';
import { encodeQueries, type Question } from './query.ts';

/** RFC 6762 section 3. */
const PORT = 5353;
const GROUPS = { udp4: '224.0.0.251', udp6: 'ff02::fb' } as const;
type Family = keyof typeof GROUPS;
/** RFC 6762 section 11: hosts of old throw away what has another. */
const HOPS = 255;

/** Told of each datagram that came from a host on the link itself. */
export type Hear = (link: string, address: string, bytes: Buffer) => void;

/** Sockets of mDNS: for each link one by IPv4, one by IPv6. */
export class MdnsListener {
  readonly #hear: Hear;
  readonly #sockets = new Map<string, { socket: Socket; family: Family; link: string }>();

  constructor(hear: Hear) {
    this.#hear = hear;
  }

  /** Opens what is missing for these links, and closes what is not among them any more. */
  async follow(links: readonly Link[]): Promise<void> {
    const wanted = new Map(
      links.flatMap((link) => placesOf(link).map((place) => [place.key, { link, ...place }])),
    );
    for (const [key, { socket }] of this.#sockets) if (!wanted.has(key)) this.#close(key, socket);
    for (const [key, { link, family, interface: from }] of wanted) {
      if (this.#sockets.has(key)) continue;
      const socket = await this.#open(link, family, from);
      this.#sockets.set(key, { socket, family, link: link.name });
    }
  }

  ask(link: string, questions: readonly Question[]): void {
    for (const message of encodeQueries(questions)) void this.tell(link, message);
  }

  /** To everybody on the link. A link that has gone down is for the next look to see. */
  async tell(link: string, message: Buffer): Promise<void> {
    const places = [...this.#sockets.values()].filter((place) => place.link === link);
    await Promise.all(
      places.map(
        ({ socket, family }) =>
          new Promise<void>((done) => socket.send(message, PORT, GROUPS[family], () => done())),
      ),
    );
  }

  close(): void {
    for (const [key, { socket }] of this.#sockets) this.#close(key, socket);
  }

  async #open(link: Link, family: Family, from: string): Promise<Socket> {
    // Others on this machine may speak mDNS too.
    const socket = createSocket({ type: family, reuseAddr: true, ipv6Only: family === 'udp6' });
    socket.on('message', (bytes, { address, port }) => {
      // An answer from another port must be ignored (RFC 6762 section 6); a question from one may not be worth it.
      if (port === PORT && isOnLink(link, address) && !link.own.includes(bare(address)))
        this.#hear(link.name, bare(address), bytes);
    });
    socket.bind(PORT);
    await once(socket, 'listening');
    // Later failures, such as of a link that goes away, end nothing: the next look opens what is missing.
    socket.on('error', () => {});
    try {
      join(socket, family, from);
    } catch (error) {
      socket.close();
      throw error;
    }
    return socket;
  }

  #close(key: string, socket: Socket): void {
    this.#sockets.delete(key);
    socket.close();
  }
}

function join(socket: Socket, family: Family, from: string): void {
  socket.addMembership(GROUPS[family], from);
  socket.setMulticastInterface(from);
  socket.setMulticastTTL(HOPS);
  socket.setMulticastLoopback(false);
}

function placesOf({
  name,
  index,
  ipv4,
  hasIpv6,
}: Link): { key: string; family: Family; interface: string }[] {
  return [
    ...(ipv4 === undefined ? [] : [{ key: `${index} ${ipv4}`, family: 'udp4' as const, interface: ipv4 }]),
    ...(hasIpv6 ? [{ key: `${index} ipv6`, family: 'udp6' as const, interface: `::%${name}` }] : []),
  ];
}

const bare = (address: string) => address.split('%')[0] ?? '';
