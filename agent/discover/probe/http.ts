/** The head of an HTTP answer, and as much of its body as came. */
export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: ReadonlyMap<string, string>;
  body: string;
}

/** A request without anything that a server could know a box by (RFC 9112). */
export const httpRequest = (path: string, address: string) =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${address}\r\nAccept: */*\r\nConnection: close\r\n\r\n`);

/** Reads an answer; null for what is none. */
export function parseHttp(bytes: Buffer): HttpAnswer | null {
  const text = bytes.toString('utf8');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (status === undefined) return null;
  const split = text.indexOf('\r\n\r\n');
  const head = split < 0 ? text : text.slice(0, split);
  const headers = new Map<string, string>();
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers, body: split < 0 ? '' : text.slice(split + 4) };
}

/** A page's title, or what the server calls itself. */
export function titleOf({ headers, body }: HttpAnswer): string {
  const title = /<title[^>]{0,200}>([^<]{1,200})/i.exec(body)?.[1]?.trim();
  return title ?? headers.get('server') ?? '';
}
