import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { roleGroup } from '../../../contract/kubernetes.ts';
import type { KubeAccess } from '../../kube/kubeconfig.ts';
import type { Operator } from '../operator.ts';

/** What a client may say to the API server; above all, nothing of who it is. */
const PASSED_IN = [
  'accept',
  'accept-encoding',
  'content-length',
  'content-type',
  'if-match',
  'if-none-match',
  'kubectl-command',
  'kubectl-session',
  'user-agent',
];
const OF_UPGRADE = [
  'connection',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'upgrade',
  'x-stream-protocol-version',
];
/** What belongs to one connection and not to the message (RFC 9110 section 7.6.1). */
const OF_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade'];

type Headers = NodeJS.Dict<string[]>;

export const endToEnd = (headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_CONNECTION.includes(name)));

interface Question {
  who: Operator;
  target: string;
}

/** Asks as the operator. Source: Kubernetes, "Authenticating", user impersonation. */
function open(
  { server, ca, certificate, key }: KubeAccess,
  { who, target }: Question,
  { method, headersDistinct }: IncomingMessage,
  passed: readonly string[],
): ClientRequest {
  const headers = Object.fromEntries(
    passed.flatMap((name) => {
      const values = headersDistinct[name];
      return values === undefined ? [] : [[name, values]];
    }),
  );
  return request({
    ...{ host: server.hostname, port: server.port, method, path: target },
    // Of its own: who watches keeps it for hours.
    ...{ agent: false, ca, cert: certificate, key },
    headers: {
      ...headers,
      'impersonate-user': `cpiab:${who.name}`,
      'impersonate-group': roleGroup(who.role),
    },
  });
}

/** @throws the connection's error. */
export async function askApiServer(
  access: KubeAccess,
  question: Question,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<IncomingMessage> {
  const outward = open(access, question, incoming, PASSED_IN);
  outgoing.once('close', () => outward.destroy());
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outward.on('response', resolve);
    outward.on('error', reject);
  });
  await Promise.all([pipeline(incoming, outward), answered]);
  return await answered;
}

/** What the API server made of an upgrade: without `upstream` it refused, and `answer` says why. */
export interface Upgraded {
  answer: IncomingMessage;
  upstream: Duplex | null;
}

/** @param head what the client has already sent of what comes after. */
export async function upgradeApiServer(
  access: KubeAccess,
  question: Question,
  incoming: IncomingMessage,
  head: Buffer,
): Promise<Upgraded> {
  const outward = open(access, question, incoming, [...PASSED_IN, ...OF_UPGRADE]);
  return await new Promise((resolve, reject) => {
    outward.on('upgrade', (answer, upstream, first) => {
      upstream.write(head);
      upstream.unshift(first);
      resolve({ answer, upstream });
    });
    outward.on('response', (answer) => resolve({ answer, upstream: null }));
    outward.on('error', reject);
    outward.end();
  });
}
