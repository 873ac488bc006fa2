import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { kubernetesPath } from '../../../contract/kubernetes.ts';
import type { AuditLog } from '../../audit/log.ts';
import type { KubeClient } from '../../kube/client.ts';
import { answerText } from '../answer.ts';
import type { Operator } from '../operator.ts';
import { endWith, writeHead } from '../raw-answer.ts';
import { bothWays } from './both-ways.ts';
import { grantOperators } from './grants.ts';
import { askApiServer, endToEnd, upgradeApiServer } from './pass-on.ts';

interface Sources {
  kube: () => KubeClient | undefined;
  audit: () => AuditLog | undefined;
}

/** What a request needs to be handed on. */
interface Admitted {
  kube: KubeClient;
  who: Operator;
  /** Of the API server: path and query. */
  target: string;
}

interface Refusal {
  status: number;
  why: string;
}

/** Who watches may hear nothing for long. */
const WATCH_MS = 3_600_000;

/**
 * Hands what operators ask on to Kubernetes' own API, as themselves: there their role decides. Whatever changes
 * something is in the audit log before it is handed on.
 */
export class KubernetesDesk {
  readonly #sources: Sources;
  #granted: Promise<void> | undefined;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  handles(path: string): boolean {
    return path.startsWith(`${kubernetesPath}/`);
  }

  async answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    const found = this.#admit(incoming, operator);
    if ('why' in found) return answerText(outgoing, found.status, `${found.why}\n`);
    await this.#grant(found.kube);
    await this.#written(found, incoming, async () => {
      const answer = await askApiServer(found.kube.access, found, incoming, outgoing);
      const { statusCode: status = 502 } = answer;
      incoming.socket.setTimeout(WATCH_MS);
      outgoing.writeHead(status, endToEnd(answer.headersDistinct));
      const sent = pipeline(answer, outgoing);
      // Who stops watching is nobody's failure.
      await sent.catch(() => {});
      return status;
    });
  }

  /** For `kubectl exec`, `attach` and `port-forward`. Source: RFC 9110 section 7.8. */
  async upgrade(
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    operator: Operator | null,
  ): Promise<void> {
    socket.on('error', () => socket.destroy());
    const found = this.#admit(incoming, operator);
    if ('why' in found) return endWith(socket, found.status, found.why);
    await this.#grant(found.kube);
    await this.#written(found, incoming, async () => {
      const { answer, upstream } = await upgradeApiServer(found.kube.access, found, incoming, head);
      const { statusCode: status = 502 } = answer;
      writeHead(socket, answer);
      if (upstream === null) await pipeline(answer, socket).catch(() => {});
      else await bothWays(socket, upstream);
      return status;
    });
  }

  #admit(incoming: IncomingMessage, operator: Operator | null): Admitted | Refusal {
    if (operator === null) return { status: 403, why: 'this needs an operator certificate of this site' };
    const kube = this.#sources.kube();
    if (kube === undefined) return { status: 503, why: 'the box has not started Kubernetes yet' };
    if (isWrite(incoming) && this.#sources.audit() === undefined)
      return { status: 503, why: 'the audit log is not open: nothing is done that is not written down' };
    return { kube, who: operator, target: (incoming.url ?? '').slice(kubernetesPath.length) };
  }

  /** When it is first needed: most boxes are never asked. */
  #grant(kube: KubeClient): Promise<void> {
    this.#granted ??= grantOperators(kube).catch((error: unknown) => {
      this.#granted = undefined;
      throw error;
    });
    return this.#granted;
  }

  /** @param pass gives the status of the API server's answer, when all of that is over. */
  async #written(
    { who, target }: Admitted,
    incoming: IncomingMessage,
    pass: () => Promise<number>,
  ): Promise<void> {
    const log = this.#sources.audit();
    if (log === undefined || !isWrite(incoming)) return void (await pass());
    const event = { who, action: 'kubernetes', subject: `${incoming.method} ${target}` } as const;
    await log.record({ ...event, outcome: 'begun', detail: '' });
    try {
      const status = await pass();
      await log.record({ ...event, outcome: status < 400 ? 'done' : 'refused', detail: `${status}` });
    } catch (error) {
      await log.record({ ...event, outcome: 'failed', detail: (error as Error).message });
      throw error;
    }
  }
}

/** Who one is, and whether one may do something. */
const asksOnly = /^\/apis\/auth(?:entication|orization)\.k8s\.io\//;

/** Asking whether one may do something is POST, too, and changes nothing; what runs in a pod comes as GET. */
function isWrite({ method = 'GET', url = '' }: IncomingMessage): boolean {
  const [path = ''] = url.split('?', 1);
  if (/\/pods\/[^/]+\/(?:exec|attach|portforward)$/.test(path)) return true;
  if (method === 'GET' || method === 'HEAD') return false;
  return !asksOnly.test(path.slice(kubernetesPath.length));
}
