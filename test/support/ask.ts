import { type RequestOptions, request } from 'node:https';

export interface Asked {
  ca: string;
  cert?: string;
  key?: string;
  method?: string;
  /** What it comes from. */
  localAddress?: string;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  /** Send the head and wait for an answer, without ever ending the request. */
  unfinished?: boolean;
}

export interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: Buffer;
}

/** One HTTPS request on a connection of its own, byte for byte as asked. */
export function ask(url: string, { body, unfinished, ...rest }: Asked): Promise<Answer> {
  // `path` keeps dots and escapes that `new URL` would resolve.
  const path = /^https:\/\/[^/]+(\/.*)?$/.exec(url)?.[1] ?? '/';
  const options: RequestOptions = { ...rest, agent: false, path };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(url).origin, options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        outgoing.destroy();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', reject);
    if (unfinished === true) outgoing.flushHeaders();
    else outgoing.end(body);
  });
}
