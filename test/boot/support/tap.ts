import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { BlockList } from 'node:net';

/** What frames on a wire between two nodes carry, as far as pods' packets go. */
const kinds = ['vxlan', 'handshake initiation', 'handshake response', 'encrypted', 'in the clear'] as const;
type Kind = (typeof kinds)[number];

/** A wire that one end of each machine's card leads to. */
export interface Tap {
  /** For each machine, the port of its own end and the port that it sends to, on 127.0.0.1. */
  ends: [first: [number, number], second: [number, number]];
  /** Frames that passed since it was laid. */
  seen: Record<Kind, number>;
  cut(): void;
}

const [VXLAN, WIREGUARD] = [8472, 51820];
/** By its first byte. Source: WireGuard's whitepaper, sections 5.4.2, 5.4.3 and 5.4.6. */
const messages = new Map<number | undefined, Kind>([
  [1, 'handshake initiation'],
  [2, 'handshake response'],
  [4, 'encrypted'],
]);
const [ETHERNET, UDP_HEADER, IPV4, UDP] = [14, 8, 0x0800, 17];

/** Lays a wire between two machines of QEMU, each datagram a frame, and looks at what passes. @param pods their network. */
export async function layWire(
  pods: { network: string; prefix: number },
  ports: [number, number],
): Promise<Tap> {
  const inside = new BlockList();
  inside.addSubnet(pods.network, pods.prefix);
  const seen = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Tap['seen'];
  const sides = [createSocket('udp4'), createSocket('udp4')] as const;
  const [first, second] = ports;
  const pass = (from: Socket, to: number) =>
    from.on('message', (frame) => {
      const kind = kindOf(frame, inside);
      if (kind !== null) seen[kind] += 1;
      // A machine that is off has no port.
      from.send(frame, to, '127.0.0.1', () => {});
    });
  pass(sides[0], second);
  pass(sides[1], first);
  for (const side of sides) {
    side.bind(0, '127.0.0.1');
    await once(side, 'listening');
  }
  return {
    ends: [
      [first, sides[0].address().port],
      [second, sides[1].address().port],
    ],
    seen,
    cut: () => {
      for (const side of sides) side.close();
    },
  };
}

/** Null for what is no packet of pods. Sources: RFC 791 section 3.1, RFC 768. */
function kindOf(frame: Buffer, pods: BlockList): Kind | null {
  if (frame.length < ETHERNET + 20 || frame.readUInt16BE(12) !== IPV4) return null;
  const packet = frame.subarray(ETHERNET);
  const address = (at: number) => packet.subarray(at, at + 4).join('.');
  if (pods.check(address(12)) || pods.check(address(16))) return 'in the clear';
  const datagram = packet.subarray((packet.readUInt8(0) & 0xf) * 4);
  if (packet.readUInt8(9) !== UDP || datagram.length < UDP_HEADER) return null;
  const port = datagram.readUInt16BE(2);
  if (port === VXLAN) return 'vxlan';
  return port === WIREGUARD ? (messages.get(datagram[UDP_HEADER]) ?? null) : null;
}
