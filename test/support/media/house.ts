import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Asked {
  method: string;
  path: string;
  body: string;
}

export interface Told {
  status: number;
  body?: unknown;
}

/** An answer of an app: to a request with its key. */
export type Answer = (asked: Asked) => Told | Promise<Told>;

/** An app of the house: an HTTP server that wants its key, and remembers what it was asked. */
export class HouseApp {
  readonly asked: Asked[] = [];
  key: string;
  readonly #answer: Answer;
  readonly #refusal: Told;
  readonly #open: readonly string[];
  #server: Server | undefined;
  #port = 0;

  /** @param open paths that anybody may ask. */
  constructor(key: string, answer: Answer, refusal: Told, open: readonly string[] = []) {
    this.key = key;
    this.#answer = answer;
    this.#refusal = refusal;
    this.#open = open;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Whether anybody may ask for it. */
  protected isOpen(path: string): boolean {
    return this.#open.includes(path);
  }

  protected knows(headers: IncomingHttpHeaders): boolean {
    return headers['x-api-key'] === this.key;
  }

  /** Requests that change something; a test of what is there does not. */
  get writes(): string[] {
    const writes = this.asked.filter(({ method, path }) => method !== 'GET' && !path.endsWith('/test'));
    return writes.map(({ method, path }) => `${method} ${path}`);
  }

  async start(): Promise<void> {
    this.#server = createServer(async (request, response) => {
      const { status, body } = await this.#told(request);
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(body === undefined ? '' : JSON.stringify(body));
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(null));
  }

  async #told(request: IncomingMessage): Promise<Told> {
    const { method = '', url: path = '', headers } = request;
    const asked = { method, path, body: await text(request) };
    this.asked.push(asked);
    if (!this.knows(headers) && !this.isOpen(path)) return this.#refusal;
    return await this.#answer(asked);
  }
}

export const notFound: Told = { status: 404, body: { message: 'NotFound' } };

/** Where the names of the cluster lead in a test: `sonarr.sonarr.svc:8989` → a URL. */
export type Names = ReadonlyMap<string, string>;

/** Asks an app as another one does: by its name in the cluster, with a key. */
export async function asks(names: Names, host: string, path: string, key: string): Promise<Response | null> {
  const url = names.get(host);
  if (url === undefined) return null;
  return await fetch(`${url}${path}`, { headers: { 'X-Api-Key': key } }).catch(() => null);
}
