/**
 * Servers of one host, as a process of its own: prints `up`, and ends with its standard input. The argument is a list
 * of ports as JSON: what each answers, to the first bytes or to the connection, in plain text or behind TLS.
 */

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { selfSigned } from '../../../agent/api/self-signed.ts';
import type { Port } from './host.ts';

const ports = JSON.parse(process.argv[2] ?? '[]') as Port[];
const { certificate: cert, key } = await selfSigned(['host']);

for (const { port, tls, speaksFirst, answer } of ports) {
  const bytes = Buffer.from(answer, 'base64');
  const serve = (socket: Socket) => {
    socket.on('error', () => {});
    if (speaksFirst) socket.end(bytes);
    else socket.once('data', () => socket.end(bytes));
  };
  const server = tls ? createTlsServer({ cert, key }, serve) : createServer(serve);
  await once(server.listen(port, '0.0.0.0'), 'listening');
}
process.stdout.write('up\n');
process.stdin.resume().once('end', () => process.exit(0));
