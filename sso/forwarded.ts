import type { IncomingMessage } from 'node:http';

/** The request that Traefik asks about. Source: Traefik v3.5, "ForwardAuth", forward-request headers. */
export interface Forwarded {
  method: string;
  host: string;
  url: URL;
  /** Whether a browser asks for a page, which can be sent to log in; a script's request or an upload cannot. */
  navigates: boolean;
}

/** @returns null when it is not what Traefik asks. */
export function forwardedOf({ headers }: IncomingMessage): Forwarded | null {
  const [method, protocol, host, uri] = ['method', 'proto', 'host', 'uri'].map((name) =>
    String(headers[`x-forwarded-${name}`] ?? ''),
  ) as [string, string, string, string];
  if (protocol !== 'https' || !uri.startsWith('/') || !/^[a-z0-9.-]+$/.test(host)) return null;
  const url = URL.parse(`https://${host}${uri}`);
  if (url === null || url.host !== host) return null;
  return { method, host, url, navigates: navigates(method, headers) };
}

/** Source: Fetch Metadata Request Headers (W3C). What sends none of them, such as curl, is taken for a browser. */
function navigates(method: string, headers: IncomingMessage['headers']): boolean {
  const mode = headers['sec-fetch-mode'] ?? 'navigate';
  return (method === 'GET' || method === 'HEAD') && mode === 'navigate' && !headers['x-requested-with'];
}

/** Who asks: Traefik takes away what others put into this header. */
export function addressOf(request: IncomingMessage): string {
  const [first = ''] = String(request.headers['x-forwarded-for'] ?? '').split(',');
  return first.trim() || (request.socket.remoteAddress ?? '');
}
