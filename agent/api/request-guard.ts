import type { IncomingMessage, RequestListener } from 'node:http';
import { kubernetesPath } from '../../contract/kubernetes.ts';
import { answerText } from './answer.ts';
import { clientOf } from './client-address.ts';
import { operatorOf } from './operator.ts';
import { type Rate, TokenBuckets } from './token-buckets.ts';

/** A console that shows everything asks less than five times a second, a node that pulls images some thirty times. */
const RATE: Rate = { burst: 500, perSecond: 50 };
const CLIENTS_REMEMBERED = 4096;
/** The longest path there is names a repository and a digest; a registry's may have 255 bytes of name. */
const MAX_TARGET = 2048;
/** What is to run in a container is in the target. */
const MAX_KUBERNETES_TARGET = 8192;
/**
 * Requests with bodies, as method and path: Git's (gitprotocol-http(5)), backups of the box and of apps, passphrases,
 * updates, parts of them and of cargo, papers of cargo, enrolment, workloads' certificates, keys that decrypt, signatures of
 * stages, expansions of pools.
 * Who takes one looks first at who sends it, and how long it is.
 */
const TAKES_BODY =
  /^(?:POST \/git\/[^?]*\/git-(?:upload|receive)-pack|POST \/v1\/(?:backup|restore|passphrase|install|update|enroll|renew|membership|svid|stages|invitations|authorities\/rotate|secrets\/key|expand\/(?:approve|stop|go-on)|cargo\/[0-9a-f]{64}|apps\/[-a-z0-9]+\/backup|nodes\/[0-9a-f-]{36}\/[a-z]+)|PUT \/v1\/(?:update|cargo)\/[^?]*\?[^?]*)$/;

interface Refusal {
  status: number;
  why: string;
  /** Seconds after which another request is answered. */
  retryAfter?: number;
}

/** Refuses what no handler should see. An operator counts by certificate, wherever it comes from; all others by address. */
export class RequestGuard {
  readonly #requests: TokenBuckets;

  constructor(rate: Rate = RATE) {
    this.#requests = new TokenBuckets(rate, CLIENTS_REMEMBERED);
  }

  around(listener: RequestListener): RequestListener {
    return (incoming, outgoing) => {
      const refusal = this.refusal(incoming);
      if (refusal === null) return void listener(incoming, outgoing);
      if (refusal.retryAfter !== undefined) outgoing.setHeader('retry-after', String(refusal.retryAfter));
      // Whatever else the client sends on this connection is not read.
      outgoing.setHeader('connection', 'close');
      answerText(outgoing, refusal.status, `${refusal.why}\n`);
    };
  }

  /** Why a request is not answered, or null. */
  refusal(incoming: IncomingMessage): Refusal | null {
    return this.#tooMany(incoming) ?? foreign(incoming) ?? unfit(incoming);
  }

  #tooMany(incoming: IncomingMessage): Refusal | null {
    const client = operatorOf(incoming)?.fingerprint ?? clientOf(incoming.socket.remoteAddress);
    const seconds = this.#requests.take(client);
    if (seconds === 0) return null;
    return { status: 429, why: 'too many requests', retryAfter: seconds };
  }
}

/**
 * A browser shows an operator's certificate for whatever page asks it to: what changes something must come from the
 * box's own console; a WebSocket does that by GET. Other clients say nothing of an origin. Source: RFC 6454 section 7,
 * Fetch section 3.2, RFC 6455 section 10.2.
 */
function foreign({ method = 'GET', headers }: IncomingMessage): Refusal | null {
  const { origin, host, upgrade } = headers;
  const onlyReads = (method === 'GET' || method === 'HEAD') && upgrade === undefined;
  if (onlyReads || origin === undefined || origin === `https://${host}`) return null;
  return { status: 403, why: 'a page of another site asked for this' };
}

/** Status codes: RFC 9110 sections 15.5.14 and 15.5.15. */
function unfit({ url = '', headers, method }: IncomingMessage): Refusal | null {
  const isKubernetes = url.startsWith(`${kubernetesPath}/`);
  const longest = isKubernetes ? MAX_KUBERNETES_TARGET : MAX_TARGET;
  if (url.length > longest) return { status: 414, why: `a target has at most ${longest} bytes` };
  // There, the API server says what is too much, once it is known who asks.
  if (isKubernetes) return null;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody || TAKES_BODY.test(`${method} ${url}`)) return null;
  return { status: 413, why: 'nothing here takes a body' };
}
