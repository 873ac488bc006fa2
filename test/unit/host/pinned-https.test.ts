import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { getPinned, PinMismatch } from '../../../host/pinned-https.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const here = freshDirectory();
let identity: { key: string; cert: string };
let pin: string;
let server: Server | undefined;
let received: string;

beforeEach(() => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', here('key')];
  execFileSync('openssl', ['req', '-x509', '-subj', '/CN=box', '-out', here('cert'), ...key], {
    stdio: 'ignore',
  });
  identity = { key: readFileSync(here('key'), 'utf8'), cert: readFileSync(here('cert'), 'utf8') };
  const spki = new X509Certificate(identity.cert).publicKey.export({ format: 'der', type: 'spki' });
  pin = createHash('sha256').update(spki).digest('hex');
});
afterEach(() => server?.close());

/** A TLS server that keeps what it was sent, and answers when it has seen a whole request. */
async function listen(answer: string, options: TlsOptions = {}): Promise<URL> {
  received = '';
  server = createServer({ ...identity, ...options }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.includes('\r\n\r\n') && answer !== '') socket.end(answer);
    });
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/v1/status`);
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';

describe('getPinned', () => {
  test('asks a server that has the key, and gives its answer', async () => {
    const url = await listen(OK);
    expect(await getPinned(url, pin)).toEqual({ status: 200, body: Buffer.from('{}') });
    expect(received).toMatch(/^GET \/v1\/status HTTP\/1\.1\r\n/);
  });

  test('sends nothing to a server with another key, and says which one that has', async () => {
    const url = await listen(OK);
    const error = await getPinned(url, 'f'.repeat(64)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PinMismatch);
    expect((error as PinMismatch).found).toBe(pin);
    expect(received).toBe('');
  });

  test.each(['', pin?.slice(0, 32) ?? '', 'none'])('takes no part of a key for it: %j', async (wrong) => {
    await expect(getPinned(await listen(OK), wrong)).rejects.toThrow(PinMismatch);
    expect(received).toBe('');
  });

  test('refuses an older TLS, whatever the key', async () => {
    await expect(getPinned(await listen(OK, { maxVersion: 'TLSv1.2' }), pin)).rejects.toThrow(
      /protocol version/,
    );
    expect(received).toBe('');
  });

  test('gives up on a server that does not answer', async () => {
    await expect(getPinned(await listen(''), pin, 200)).rejects.toThrow('no answer in 200 ms');
  });

  test('fails on an answer that is cut off, and where nobody listens', async () => {
    const url = await listen('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}');
    await expect(getPinned(url, pin)).rejects.toThrow(/aborted|hang up/);
    await new Promise((resolve) => server?.close(resolve));
    await expect(getPinned(url, pin)).rejects.toThrow('ECONNREFUSED');
  });
});
