import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { CpiabError, type ErrorCode } from '../../contract/errors.ts';
import { ExpandApprovalSchema, expandPath } from '../../contract/expand.ts';
import type { OperatorRole } from '../../contract/operator.ts';
import { answerJson, answerText, notYet } from '../api/answer.ts';
import { takeDocument } from '../api/body.ts';
import type { Operator } from '../api/operator.ts';
import { expectRole } from '../api/roles.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Expander } from './expander.ts';

export interface ExpandHttpParts {
  /** Undefined until the audit log is open: nothing is done that is not written down. */
  expander: () => Expander | undefined;
  /** Undefined until Kubernetes runs. */
  kube: () => KubeClient | undefined;
}

interface Call {
  expander: Expander;
  kube: KubeClient;
  who: Operator;
  query: URLSearchParams;
  document: z.infer<typeof ExpandApprovalSchema>;
}

interface Route {
  method: 'GET' | 'POST';
  role: OperatorRole;
  run: (call: Call) => Promise<unknown> | unknown;
}

const routes: Readonly<Record<string, Route>> = {
  [expandPath]: { method: 'GET', role: 'viewer', run: ({ expander }) => expander.status() },
  [`${expandPath}/plan`]: {
    method: 'GET',
    role: 'viewer',
    run: ({ expander, kube, query }) => expander.plan(kube, query.get('pool')),
  },
  [`${expandPath}/approve`]: {
    method: 'POST',
    role: 'operator',
    run: ({ expander, kube, who, document }) => expander.approve(kube, document.digest, who, document.reason),
  },
  [`${expandPath}/stop`]: {
    method: 'POST',
    role: 'operator',
    run: ({ expander, who }) => expander.stop(who),
  },
  [`${expandPath}/go-on`]: {
    method: 'POST',
    role: 'operator',
    run: ({ expander, who }) => expander.goOn(who),
  },
};

/** Status codes by what went wrong: RFC 9110 section 15.5. */
const statuses: Partial<Record<ErrorCode, number>> = { E5508: 403, E5521: 409, E5522: 409, E5523: 404 };

const LARGEST = 4096;

/** What the API answers about expansions, to operators. */
export class ExpandHttp {
  readonly #parts: ExpandHttpParts;

  constructor(parts: ExpandHttpParts) {
    this.#parts = parts;
  }

  handles(path: string): boolean {
    return Object.hasOwn(routes, path);
  }

  async answer(
    { path, query }: { path: string; query: URLSearchParams },
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    const route = routes[path];
    const [expander, kube] = [this.#parts.expander(), this.#parts.kube()];
    if (route === undefined || route.method !== incoming.method)
      return answerText(outgoing, 405, 'not this method\n');
    try {
      expectRole(operator, route.role);
      if (expander === undefined || kube === undefined) return notYet(outgoing);
      const document = path.endsWith('/approve')
        ? await taken(incoming, outgoing)
        : { digest: '', reason: '' };
      if (document === null) return;
      answerJson(outgoing, 200, await route.run({ expander, kube, who: operator, query, document }));
    } catch (error) {
      if (!(error instanceof CpiabError)) throw error;
      answerJson(outgoing, statuses[error.code as ErrorCode] ?? 422, error);
    }
  }
}

const taken = (incoming: IncomingMessage, outgoing: ServerResponse) =>
  takeDocument(incoming, outgoing, {
    ...{ limit: LARGEST, schema: ExpandApprovalSchema, what: 'the digest of a plan' },
  });
