/**
 * Announces names by mDNS as fast as it may, each of another service: prints `up` at once and how many were sent at
 * the end. Arguments: the address to send from, how many messages, and how many in a millisecond.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { announcement } from './records.ts';

const [address = '', count = '0', perMs = '1'] = process.argv.slice(2);
const socket = createSocket({ type: 'udp4', reuseAddr: true });
socket.bind(5353);
await once(socket, 'listening');
socket.setMulticastInterface(address);
process.stdout.write('up\n');
for (let sent = 0; sent < Number(count); sent += 1) {
  socket.send(
    announcement(`name-${sent}-${'x'.repeat(40)}`, 'http', sent % 65536, address),
    5353,
    '224.0.0.251',
  );
  if (sent % (10 * Number(perMs)) === 0) await sleep(10);
}
await sleep(100);
process.exit(0);
