import type { Readable } from 'node:stream';

/** A CGI program's answer: head parsed, body still to come. */
export interface CgiAnswer {
  status: number;
  head: Record<string, string>;
  body: AsyncIterable<Buffer>;
}

const MAX_HEAD = 16 << 10;

/**
 * Reads the head of a CGI answer. Source: RFC 3875 section 6.
 * @throws Error when the program ends or says too much before its head ends.
 */
export async function readCgiHead(output: Readable): Promise<CgiAnswer> {
  const chunks = output[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let read: Buffer = Buffer.alloc(0);
  let end = findEnd(read);
  while (end === null) {
    const { value, done } = await chunks.next();
    if (done === true) throw new Error('the program gave no answer');
    read = Buffer.concat([read, value]);
    end = findEnd(read);
    if (end === null && read.length > MAX_HEAD) throw new Error('the program gave too long a head');
  }
  const head = parseHead(read.toString('latin1', 0, end.from));
  const status = Number.parseInt(head['status'] ?? '200', 10);
  delete head['status'];
  return { status, head, body: follow(read.subarray(end.to), chunks) };
}

function findEnd(read: Buffer): { from: number; to: number } | null {
  const from = read.indexOf('\r\n\r\n');
  if (from >= 0) return { from, to: from + 4 };
  const bare = read.indexOf('\n\n');
  return bare < 0 ? null : { from: bare, to: bare + 2 };
}

function parseHead(text: string): Record<string, string> {
  const head: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) head[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return head;
}

async function* follow(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
