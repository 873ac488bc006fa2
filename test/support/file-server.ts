import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createPlain } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { testCertificate } from './registry/certificate.ts';

export interface FileServer {
  base: URL;
  /** PEM. */
  ca: string;
  /** What it has, by path with a leading slash. */
  files: Map<string, Buffer>;
  /** Where it sends those who ask for a path. */
  redirects: Map<string, string>;
  /** Statuses of the next answers, before files are served. */
  statuses: number[];
  /** Bytes of the next answers after which the connection is cut. */
  cutAfter: number[];
  /** Every request that came, as `path range if-range`. */
  requests: string[];
  /** Whether an answer says which version it is of. */
  marks: boolean;
  stop(): Promise<void>;
}

interface ServerOptions {
  /** Without TLS. */
  plain?: boolean;
}

/** From sending to the client's disk, on a busy machine. */
const ARRIVAL_MS = 300;

/** A server of files that knows ranges (RFC 9110 section 14) and does what busy servers do. */
export async function startFileServer(directory: string, { plain }: ServerOptions = {}): Promise<FileServer> {
  const { key, certificate } = await testCertificate(directory);
  const state = {
    ca: certificate,
    files: new Map<string, Buffer>(),
    redirects: new Map<string, string>(),
    statuses: [] as number[],
    cutAfter: [] as number[],
    requests: [] as string[],
    marks: true,
  };
  const listener: RequestListener = (incoming, outgoing) => answer(state, incoming, outgoing);
  const server = plain ? createPlain(listener) : createServer({ key, cert: certificate }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    base: new URL(`${plain ? 'http' : 'https'}://127.0.0.1:${port}/`),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

type State = Omit<FileServer, 'base' | 'stop'>;

function answer(state: State, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { url = '/', headers } = incoming;
  state.requests.push([url, headers.range, headers['if-range']].filter(Boolean).join(' '));
  const status = state.statuses.shift();
  const location = state.redirects.get(url);
  const file = state.files.get(url);
  if (status !== undefined) outgoing.writeHead(status, { 'retry-after': '0' }).end();
  else if (location !== undefined) outgoing.writeHead(302, { location }).end();
  else if (file === undefined) outgoing.writeHead(404).end();
  else send(state, file, headers, outgoing);
}

function send(state: State, file: Buffer, headers: IncomingMessage['headers'], outgoing: ServerResponse) {
  const etag = `"${createHash('sha256').update(file).digest('hex').slice(0, 16)}"`;
  const start = startOf(headers, etag);
  if (start > 0 && start >= file.length) {
    outgoing.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    return;
  }
  const body = file.subarray(start);
  const part = start === 0 ? {} : { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` };
  outgoing.writeHead(start === 0 ? 200 : 206, {
    ...(state.marks && { etag }),
    ...part,
    'content-length': body.length,
  });
  const cut = state.cutAfter.shift();
  if (cut === undefined) outgoing.end(body);
  // A client drops what it has not written yet when the connection breaks: it gets the time to.
  else outgoing.write(body.subarray(0, cut), () => setTimeout(() => outgoing.destroy(), ARRIVAL_MS));
}

/** Where a range starts; 0 without one, or with one of another version. */
function startOf(headers: IncomingMessage['headers'], etag: string): number {
  const asked = headers['if-range'];
  if (asked !== undefined && asked !== etag) return 0;
  return Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
}
