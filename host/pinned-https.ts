import { createHash } from 'node:crypto';
import { type RequestOptions, request } from 'node:https';
import type { TLSSocket } from 'node:tls';

/** The server's key is not the one expected. */
export class PinMismatch extends Error {
  readonly found: string;

  constructor(found: string) {
    super(`the server's key is ${found}`);
    this.name = 'PinMismatch';
    this.found = found;
  }
}

export interface PinnedResponse {
  status: number;
  body: Buffer;
}

/**
 * GET over TLS 1.3 from a server known by its key alone (RFC 7858 section 4.2 uses the same kind of pin).
 * Nothing is sent before the pin matches.
 * @param fingerprint SHA-256 of the certificate's SubjectPublicKeyInfo, hexadecimal.
 * @throws PinMismatch, or the socket's error.
 */
export async function getPinned(url: URL, fingerprint: string, timeoutMs = 10_000): Promise<PinnedResponse> {
  const options: RequestOptions = {
    // The certificate is self-signed; the pin below is the check.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    agent: false,
    timeout: timeoutMs,
  };
  return await new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      response.once('error', reject);
    });
    sent.once('socket', (socket) => {
      socket.once('secureConnect', () => {
        const found = keyFingerprint(socket as TLSSocket);
        if (found === fingerprint) sent.end();
        else sent.destroy(new PinMismatch(found));
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    sent.once('error', reject);
  });
}

function keyFingerprint(socket: TLSSocket): string {
  const spki = socket.getPeerX509Certificate()?.publicKey.export({ format: 'der', type: 'spki' });
  return spki === undefined ? 'none' : createHash('sha256').update(spki).digest('hex');
}
