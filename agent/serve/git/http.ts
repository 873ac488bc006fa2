import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerText } from '../../api/answer.ts';
import type { Operator } from '../../api/operator.ts';
import { type BackendRequest, runBackend } from './backend.ts';
import type { HookAnswer, HookRequest } from './hook-channel.ts';
import { Places } from './places.ts';
import type { PushRecord } from './push-record.ts';

/** What a fetch says it has and wants; a push may be larger. */
const MAX_FETCH_REQUEST = 8 << 20;
const MAX_PUSH_REQUEST = 260 << 20;
const LONGEST_MS = 600_000;
/** What a fetch asks is short; a push may come over a slow line. */
const LONGEST_FETCH_REQUEST_MS = 30_000;
const PUSH = 'git-receive-pack';
const SERVICES = ['git-upload-pack', PUSH];

interface Refusal {
  status: number;
  why: string;
}

/** Decides about pushes. */
export interface PushGate {
  answer(request: HookRequest, operator: Operator): Promise<HookAnswer>;
  /** A push has ended, also one that was cut off at any point. */
  ended(): Promise<void>;
}

export interface GitHttpOptions {
  /** Directory of the repositories. */
  root: string;
  /** Name of the one served, such as `lab.git`. */
  name: string;
  /** Directory of git's hooks. */
  hooks: string;
  gate: PushGate;
  /** Writes pushes down. A push that can't be is refused. */
  pushes: PushRecord;
}

/**
 * Smart HTTP for one repository: whom the API lets come here may read, an operator may push. Only git's three smart
 * endpoints are there, since files of the repository are nobody's business.
 */
export class GitHttp {
  readonly #options: GitHttpOptions;
  readonly #places = new Places();

  constructor(options: GitHttpOptions) {
    this.#options = options;
  }

  /** @param path below `/git`, with a leading slash. */
  async answer(
    path: string,
    query: URLSearchParams,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    const service = this.#service(path, query, incoming.method ?? 'GET');
    const refusal = this.#refuse(service, incoming, operator);
    if (refusal !== null) return answerText(outgoing, refusal.status, `${refusal.why}\n`);
    const leave = this.#places.take(operator, incoming.socket.remoteAddress);
    if (leave === null) {
      outgoing.setHeader('retry-after', '2');
      return answerText(outgoing, 503, 'too many git requests at once\n');
    }
    const asked = {
      root: this.#options.root,
      path,
      query: query.toString(),
      user: operator?.name ?? null,
      ...bodyLimits(service),
    };
    try {
      if (operator !== null && service === PUSH && incoming.method === 'POST')
        await this.#push(operator, asked, incoming, outgoing);
      else await runBackend(asked, incoming, outgoing, AbortSignal.timeout(LONGEST_MS));
    } finally {
      leave();
    }
  }

  async #push(
    operator: Operator,
    asked: BackendRequest,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const { hooks: path, gate, pushes, name } = this.#options;
    let taken = false;
    let note = 'git asked nothing';
    const answer = async (request: HookRequest) => {
      const given = await gate.answer(request, operator);
      // Git asks after a push only when it took a reference.
      taken ||= request.hook === 'post-receive';
      note = given.note;
      return given;
    };
    try {
      await pushes.around(operator, name, async () => {
        const hooks = { path, answer };
        await runBackend({ ...asked, hooks }, incoming, outgoing, AbortSignal.timeout(LONGEST_MS));
        return { taken, note };
      });
    } finally {
      await gate.ended();
    }
  }

  #refuse(service: string | null, { headers }: IncomingMessage, operator: Operator | null): Refusal | null {
    if (service === null) return { status: 404, why: 'no such repository or service' };
    if (service === PUSH && operator === null) {
      return { status: 403, why: 'a push needs the operator certificate of this site' };
    }
    const tooLarge = Number(headers['content-length'] ?? 0) > bodyLimits(service).maxBody;
    return tooLarge ? { status: 413, why: 'request too large' } : null;
  }

  /** Source: gitprotocol-http(5), "Smart Clients". */
  #service(path: string, query: URLSearchParams, method: string): string | null {
    const prefix = `/${this.#options.name}/`;
    if (!path.startsWith(prefix)) return null;
    const rest = path.slice(prefix.length);
    if (method === 'POST') return SERVICES.find((service) => service === rest) ?? null;
    if (method !== 'GET' || rest !== 'info/refs') return null;
    return SERVICES.find((service) => service === query.get('service')) ?? null;
  }
}

const bodyLimits = (service: string | null) =>
  service === PUSH
    ? { maxBody: MAX_PUSH_REQUEST, maxBodyMs: LONGEST_MS }
    : { maxBody: MAX_FETCH_REQUEST, maxBodyMs: LONGEST_FETCH_REQUEST_MS };
