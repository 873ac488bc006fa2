import { connect } from 'node:tls';
import { startTestApi, type TestApi } from '../api.ts';
import { ask } from '../ask.ts';
import type { Target } from './target.ts';

const request = (...lines: string[]) => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
const get = (path: string, ...headers: string[]) =>
  request(`GET ${path} HTTP/1.1`, 'Host: box:7443', ...headers);
const seeds = [
  get('/v1/status', 'Accept: application/json'),
  get('/console/main.js', 'If-None-Match: "a"', 'Accept-Encoding: gzip'),
  get('/v2/team/app/blobs/sha256:00', 'Range: bytes=0-99,200-'),
  get('/git/lab.git/info/refs?service=git-upload-pack', 'Git-Protocol: version=2'),
  request('POST /git/lab.git/git-upload-pack HTTP/1.1', 'Host: b', 'Content-Length: 4', '', '0000'),
  request('PUT /v1/update/x?size=9 HTTP/1.1', 'Host: b', 'Transfer-Encoding: chunked', '', '4', 'abcd', '0'),
  Buffer.concat([get('/healthz'), request('HEAD /v1/audit?from=3 HTTP/1.1', 'Host: b', 'Connection: close')]),
];
/** How often the server is asked whether it is well, in runs. */
const CHECK = 50;
const PATIENCE_MS = 2000;

/** The API over real TLS, given bytes in place of HTTP. It may refuse or hang up, but not fail, and must go on answering. */
export function httpTarget(): Target {
  let api: Promise<TestApi> | undefined;
  let runs = 0;
  return {
    seeds,
    short: 40,
    // Two processes' worth of TLS on a machine that may be busy.
    hangMs: 30_000,
    run: async (bytes) => {
      api ??= startTestApi(() => undefined);
      const { port, url, identity } = await api;
      runs += 1;
      const answer = await exchange(port, bytes, client(runs));
      const failed = [...answer.matchAll(/^HTTP\/1\.1 (5\d\d) .*$/gm)].filter(
        ([, status]) => status !== '503',
      );
      if (failed.length > 0) throw new Error(`answered ${failed[0]?.[0]}`);
      if (runs % CHECK !== 0) return;
      const { status } = await ask(`${url}/healthz`, {
        ca: identity.certificate,
        localAddress: client(runs + 1),
      });
      if (status !== 200) throw new Error(`is no longer well: ${status}`);
    },
    close: async () => (await api)?.close(),
  };
}

/** Everybody comes once in a while: whoever came as often as this would be held back before its bytes are read. */
const client = (run: number) => `127.${1 + (run % 100)}.${1 + (Math.floor(run / 100) % 250)}.1`;

/** Sends bytes and says that there are no more. @returns what came back until either side hung up. */
function exchange(port: number, bytes: Buffer, localAddress: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    // `localAddress` is net.connect's, which tls.connect hands it on to (Node.js, tls.connect).
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false, localAddress };
    const socket = connect(options, () => socket.end(bytes));
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text;
    });
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => resolve(said));
  });
}
