import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { z } from 'zod';
import {
  InvitationRequestSchema,
  JoinRequestSchema,
  largestRequest,
  longestDrainSeconds,
  NodeDecisionSchema,
  PresenceSchema,
  RenewalSchema,
} from '../../contract/enroll.ts';
import { CpiabError, type ErrorCode } from '../../contract/errors.ts';
import type { OperatorRole } from '../../contract/operator.ts';
import { answerJson, answerText, notYet } from '../api/answer.ts';
import { bodyOf } from '../api/body.ts';
import { plainAddress } from '../api/client-address.ts';
import type { Operator } from '../api/operator.ts';
import { expectRole } from '../api/roles.ts';
import type { Enrollment } from './enrollment.ts';
import { peerOf } from './live.ts';

export interface EnrollHttpParts {
  /** Undefined until the audit log is open: nothing is done that is not written down. */
  enrollment: () => Enrollment | undefined;
  signal: AbortSignal;
}

interface Call {
  enrollment: Enrollment;
  /** What the path has at its end. */
  id: string;
  bytes: Buffer;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  operator: Operator | null;
  parts: EnrollHttpParts;
}

interface Route {
  method: 'GET' | 'POST';
  pattern: RegExp;
  /** What an operator needs; null for what nodes ask, who show their own certificate. */
  role: OperatorRole | null;
  run: (call: Call) => Promise<void> | void;
}

const NODE = /^\/v1\/nodes\/(?<id>[0-9a-f-]{36})\/(?<what>approve|deny|revoke|remove|drain)$/;

/** All that enrolment answers. */
const routes: readonly Route[] = [
  { method: 'POST', pattern: /^\/v1\/enroll$/, role: null, run: takeRequest },
  { method: 'GET', pattern: /^\/v1\/enroll\/(?<id>[0-9a-f-]{36})$/, role: null, run: tellRequest },
  { method: 'POST', pattern: /^\/v1\/renew$/, role: null, run: renewNode },
  { method: 'POST', pattern: /^\/v1\/join-material$/, role: null, run: giveJoinMaterial },
  { method: 'POST', pattern: /^\/v1\/membership$/, role: null, run: tellMembership },
  { method: 'POST', pattern: /^\/v1\/leave$/, role: null, run: letLeave },
  { method: 'GET', pattern: /^\/v1\/nodes$/, role: 'viewer', run: listAll },
  { method: 'POST', pattern: /^\/v1\/invitations$/, role: 'operator', run: makeInvitation },
  {
    method: 'POST',
    pattern: /^\/v1\/nodes\/[0-9a-f-]{36}\/(?:approve|deny)$/,
    role: 'operator',
    run: decide,
  },
  {
    method: 'POST',
    pattern: /^\/v1\/nodes\/[0-9a-f-]{36}\/(?:revoke|remove|drain)$/,
    role: 'admin',
    run: decide,
  },
  { method: 'POST', pattern: /^\/v1\/authorities\/rotate$/, role: 'admin', run: rotateAuthority },
];

/** Status codes by what went wrong: RFC 9110 section 15.5, RFC 6585 section 4. */
const statuses: Partial<Record<ErrorCode, number>> = {
  E2501: 403,
  E2502: 400,
  E2503: 403,
  E2504: 403,
  E2505: 503,
  E2506: 409,
  E2507: 403,
  E5501: 404,
  E5502: 410,
  E5503: 409,
  E5504: 429,
  E5505: 409,
  E5506: 409,
  E5507: 409,
  E5508: 403,
  E5510: 409,
  E5513: 409,
};

export class EnrollHttp {
  readonly #parts: EnrollHttpParts;

  constructor(parts: EnrollHttpParts) {
    this.#parts = parts;
  }

  /** Whether connections of this key end before their first request. */
  refuses(key: string): boolean {
    return this.#parts.enrollment()?.refuses(key) ?? false;
  }

  handles(path: string): boolean {
    return routes.some(({ pattern }) => pattern.test(path));
  }

  async answer(
    path: string,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    const route = routes.find(({ method, pattern }) => method === incoming.method && pattern.test(path));
    const enrollment = this.#parts.enrollment();
    if (route === undefined) return answerText(outgoing, 405, 'not this method\n');
    if (enrollment === undefined) return notYet(outgoing);
    try {
      if (route.role !== null) expectRole(operator, route.role);
      const bytes = await bodyOf(incoming, largestRequest);
      if (bytes === null) return answerText(outgoing, 413, `a request has at most ${largestRequest} bytes\n`);
      const id = route.pattern.exec(path)?.groups?.['id'] ?? '';
      await route.run({ enrollment, id, bytes, incoming, outgoing, operator, parts: this.#parts });
    } catch (error) {
      if (!(error instanceof CpiabError)) throw error;
      answerJson(outgoing, statuses[error.code as ErrorCode] ?? 422, error);
    }
  }
}

async function takeRequest({ enrollment, bytes, incoming, outgoing }: Call): Promise<void> {
  const request = parsed(JoinRequestSchema, bytes, 'request to join');
  const peer = peerOf(incoming.socket);
  const decision = await enrollment.submit({ request, bytes, peer });
  // Whoever is let in fetches nothing by a second connection.
  const isIn = decision.state === 'approved' || decision.state === 'joined';
  if (!isIn) answerJson(outgoing, 202, decision);
  else answerJson(outgoing, 200, await enrollment.grant(decision.id, peer));
}

async function tellRequest({ enrollment, id, incoming, outgoing }: Call): Promise<void> {
  const peer = peerOf(incoming.socket);
  const waiting = enrollment.decision(id, peer);
  if (waiting !== null) answerJson(outgoing, 202, waiting);
  else answerJson(outgoing, 200, await enrollment.grant(id, peer));
}

async function renewNode({ enrollment, bytes, incoming, outgoing }: Call): Promise<void> {
  const renewal = parsed(RenewalSchema, bytes, 'renewal');
  answerJson(outgoing, 200, await enrollment.renew(peerOf(incoming.socket), renewal));
}

async function giveJoinMaterial({ enrollment, incoming, outgoing, parts }: Call): Promise<void> {
  answerJson(outgoing, 200, await enrollment.joinMaterial(peerOf(incoming.socket), parts.signal));
}

async function tellMembership({ enrollment, bytes, incoming, outgoing }: Call): Promise<void> {
  const told = bytes.length === 0 ? null : parsed(PresenceSchema, bytes, 'presence');
  answerJson(outgoing, 200, await enrollment.presence(peerOf(incoming.socket), told));
}

async function letLeave({ enrollment, incoming, outgoing }: Call): Promise<void> {
  const peer = peerOf(incoming.socket);
  const answered = once(outgoing, 'close');
  answerJson(outgoing, 200, await enrollment.leave(peer));
  await answered;
  enrollment.disconnect(peer);
}

function listAll({ enrollment, outgoing }: Call): void {
  answerJson(outgoing, 200, enrollment.list());
}

async function makeInvitation({ enrollment, bytes, incoming, outgoing, operator }: Call): Promise<void> {
  const asked = parsed(InvitationRequestSchema, bytes, 'invitation');
  const made = await enrollment.invite(asked, reachedAt(incoming), known(operator));
  answerJson(outgoing, 201, { apiVersion: 'cpiab.dev/v1', kind: 'Invitation', ...made });
}

async function decide({ enrollment, bytes, incoming, outgoing, operator, parts }: Call): Promise<void> {
  const { id = '', what = '' } = NODE.exec((incoming.url ?? '').split('?', 1)[0] ?? '')?.groups ?? {};
  const {
    request = '',
    reason,
    seconds = longestDrainSeconds,
  } = parsed(NodeDecisionSchema, bytes, 'decision');
  const asked = { id, reason, who: known(operator) };
  const acts: Record<string, () => Promise<unknown>> = {
    approve: () => enrollment.approve({ ...asked, request }),
    deny: () => enrollment.deny(asked),
    revoke: () => enrollment.revoke(asked),
    remove: () => enrollment.remove(asked),
    drain: async () => ({
      ...{ apiVersion: 'cpiab.dev/v1', kind: 'Drain', id, name: enrollment.nameOf(id) },
      moved: await enrollment.drain(asked, seconds, parts.signal),
    }),
  };
  const ended = (await acts[what]?.()) as { kind?: string };
  answerJson(outgoing, 200, ended.kind === undefined ? { id, done: what } : ended);
}

async function rotateAuthority({ enrollment, outgoing, operator }: Call): Promise<void> {
  const rotated = await enrollment.rotate(known(operator));
  answerJson(outgoing, 200, { apiVersion: 'cpiab.dev/v1', kind: 'AuthorityRotation', ...rotated });
}

/** Where this request found the box, which is where a node is likely to find it. What the client says does not count. */
function reachedAt({ socket: { localAddress = '', localPort } }: IncomingMessage): string {
  const host = plainAddress(localAddress);
  return `${isIPv6(host) ? `[${host}]` : host}:${localPort}`;
}

/** The operator that `expectRole` has let through. */
function known(operator: Operator | null): Operator {
  if (operator === null) throw new Error('no operator');
  return operator;
}

/** @throws CpiabError E2502 with the first thing that is wrong. */
function parsed<T>(schema: z.ZodType<T>, bytes: Buffer, subject: string): T {
  try {
    const result = schema.safeParse(JSON.parse(bytes.toString('utf8')));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new CpiabError('E2502', { subject, args: [`${issue?.path.join('.')}: ${issue?.message}`] });
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new CpiabError('E2502', { subject, args: ['it is not JSON'], cause });
  }
}
