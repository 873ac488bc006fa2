import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** The head of an answer, as it came, onto a connection that no HTTP server has any more. */
export function writeHead(
  socket: Duplex,
  { statusCode = 502, statusMessage = '', rawHeaders }: IncomingMessage,
): void {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    // Its length is told by the end of the connection.
    if (rawHeaders[at]?.toLowerCase() !== 'transfer-encoding')
      lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
}

/** Says why nothing becomes of an upgrade, and ends the connection. */
export function endWith(socket: Duplex, status: number, why: string): void {
  const body = `${why}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: text/plain; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
