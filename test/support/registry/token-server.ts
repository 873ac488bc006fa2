import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { testCertificate } from './certificate.ts';

export interface TokenServer {
  /** `auth.token` of the registry's configuration. */
  settings: { realm: string; service: string; issuer: string; rootcertbundle: string };
  /** PEM. */
  ca: string;
  /** How often it gave a token. */
  given: number;
  stop(): Promise<void>;
}

interface TokenRequest {
  /** Only who shows these gets tokens; anybody else. */
  login?: { user: string; password: string };
  /** Who shows it by the OAuth 2 form gets tokens too. */
  identityToken?: string;
  /** Seconds that a token is good for. */
  lifetime?: number;
}

/**
 * A token server as registries name in their challenge: signed JSON Web Tokens that a real registry checks.
 * Source: distribution's token authentication specification; RFC 7519, RFC 7515 (`x5c`).
 */
export async function startTokenServer(directory: string, asked: TokenRequest = {}): Promise<TokenServer> {
  const { key, certificate } = await testCertificate(directory);
  const rootcertbundle = join(directory, 'tls.crt');
  const signer = { key, certificate, lifetime: asked.lifetime ?? 300 };
  const server = createServer({ key, cert: certificate }, async (incoming, outgoing) => {
    const form = await formOf(incoming);
    if (!allowed(incoming, form, asked)) {
      outgoing.writeHead(401).end('{}');
      return;
    }
    state.given++;
    const token = jwt(form, signer);
    outgoing.end(
      JSON.stringify(
        incoming.method === 'POST'
          ? { access_token: token, expires_in: signer.lifetime }
          : { token, expires_in: signer.lifetime },
      ),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const state: TokenServer = {
    settings: { realm: `https://127.0.0.1:${port}/token`, service: 'test', issuer: 'test', rootcertbundle },
    ca: certificate,
    given: 0,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return state;
}

async function formOf(incoming: IncomingMessage): Promise<URLSearchParams> {
  if (incoming.method === 'POST') return new URLSearchParams(await text(incoming));
  return new URL(incoming.url ?? '/', 'https://localhost').searchParams;
}

function allowed(
  incoming: IncomingMessage,
  form: URLSearchParams,
  { login, identityToken }: TokenRequest,
): boolean {
  if (login === undefined && identityToken === undefined) return true;
  if (incoming.method === 'POST') return form.get('refresh_token') === identityToken;
  const shown = Buffer.from(`${login?.user}:${login?.password}`).toString('base64');
  return incoming.headers.authorization === `Basic ${shown}`;
}

function jwt(
  form: URLSearchParams,
  { key, certificate, lifetime }: { key: string; certificate: string; lifetime: number },
): string {
  const now = Math.floor(Date.now() / 1000);
  const [type = '', name = '', actions = ''] = (form.get('scope') ?? '').split(':');
  const header = { typ: 'JWT', alg: 'ES256', x5c: [new X509Certificate(certificate).raw.toString('base64')] };
  const claims = {
    iss: 'test',
    sub: '',
    aud: form.get('service'),
    exp: now + lifetime,
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access: [{ type, name, actions: actions.split(',') }],
  };
  const encoded = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(encoded), {
    key: createPrivateKey(key),
    dsaEncoding: 'ieee-p1363',
  });
  return `${encoded}.${signature.toString('base64url')}`;
}
