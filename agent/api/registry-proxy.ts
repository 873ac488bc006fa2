import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { answerText } from './answer.ts';

/** What a client may say to the registry behind. */
const PASSED_IN = [
  'accept',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'range',
  'user-agent',
];
/** What belongs to one connection and not to the message (RFC 9110 section 7.6.1). */
const NOT_PASSED_OUT = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade'];
const TIMEOUT_MS = 30_000;

/**
 * Lets others read the box's registry, which itself listens on the loopback address only. Ranges and
 * digests pass; whatever would write is refused here already.
 */
export class RegistryProxy {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(port: number) {
    this.#port = port;
  }

  /** @param target path and query, as the client sent them. */
  async answer(target: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
      outgoing.setHeader('allow', 'GET, HEAD');
      return answerText(
        outgoing,
        405,
        'this registry is read-only: its images come from the signed bundle\n',
      );
    }
    const answer = await this.#ask(target, incoming, outgoing);
    const head = Object.entries(answer.headers).filter(([name]) => !NOT_PASSED_OUT.includes(name));
    outgoing.writeHead(answer.statusCode ?? 502, Object.fromEntries(head));
    await pipeline(answer, outgoing);
  }

  #ask(path: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<IncomingMessage> {
    const headers = Object.fromEntries(
      PASSED_IN.flatMap((name) =>
        incoming.headers[name] === undefined ? [] : [[name, incoming.headers[name]]],
      ),
    );
    const { method } = incoming;
    const where = { host: '127.0.0.1', port: this.#port, path, method, headers, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const outward = request({ ...where, timeout: TIMEOUT_MS }, resolve);
      outward.on('timeout', () => outward.destroy(new Error('the registry does not answer')));
      outward.on('error', reject);
      outgoing.once('close', () => outward.destroy());
      outward.end();
    });
  }
}
