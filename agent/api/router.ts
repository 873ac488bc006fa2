import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KustomizationList } from '../../contract/status.ts';
import type { AuditLog } from '../audit/log.ts';
import type { BoxReport } from '../report/report.ts';
import type { Served } from '../serve/served.ts';
import { answerBytes, answerJson, answerText } from './answer.ts';
import { operatorOf } from './operator.ts';
import { page } from './page/page.ts';
import type { SignIns } from './sign-ins.ts';

/** What the API gives access to. */
export interface ApiParts {
  report: BoxReport;
  /** PEM of the certificate to trust. */
  certificate: string;
  /** What the serve step has started, undefined until then. */
  served: () => Served | undefined;
  /** What Flux keeps in the cluster; undefined until there is one. */
  kustomizations: () => Promise<KustomizationList> | undefined;
  /** What was done to the box; undefined until it is open. */
  audit: () => AuditLog | undefined;
  signIns: SignIns;
}

/** Nothing of the page comes from elsewhere, and nothing else may show it inside itself. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Answers one request of the API. */
export async function route(
  parts: ApiParts,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const target = incoming.url ?? '/';
  const [path = '/', query = ''] = target.split('?', 2);
  const operator = operatorOf(incoming);
  const log = parts.audit();
  if (operator !== null && log !== undefined)
    await parts.signIns.note(operator, incoming.socket.remoteAddress ?? 'nowhere', log);
  if (path === '/v2' || path.startsWith('/v2/')) {
    return await (parts.served()?.registry.answer(target, incoming, outgoing) ?? notYet(outgoing));
  }
  if (path.startsWith('/git/')) {
    const below = path.slice('/git'.length);
    const asked = new URLSearchParams(query);
    return await (parts.served()?.git.answer(below, asked, incoming, outgoing, operator) ?? notYet(outgoing));
  }
  await answerOwn(parts, { path, query: new URLSearchParams(query) }, incoming, outgoing);
}

interface Target {
  path: string;
  query: URLSearchParams;
}

async function answerOwn(
  parts: ApiParts,
  { path, query }: Target,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const answer = documents[path];
  if (answer === undefined) {
    answerText(outgoing, 404, 'nothing here\n');
  } else if (incoming.method === 'GET' || incoming.method === 'HEAD') {
    await answer(parts, outgoing, query);
  } else {
    outgoing.setHeader('allow', 'GET, HEAD');
    answerText(outgoing, 405, 'only GET and HEAD\n');
  }
}

type Answer = (parts: ApiParts, outgoing: ServerResponse, query: URLSearchParams) => void | Promise<void>;

const documents: Record<string, Answer> = {
  '/': (_parts, outgoing) => {
    outgoing.setHeader('content-security-policy', PAGE_POLICY);
    answerBytes(outgoing, 200, 'text/html; charset=utf-8', page);
  },
  '/healthz': (_parts, outgoing) => answerText(outgoing, 200, 'ok\n'),
  '/v1/ca.pem': ({ certificate }, outgoing) =>
    answerBytes(outgoing, 200, 'application/x-pem-file', certificate),
  '/v1/status': ({ report }, outgoing) => answerJson(outgoing, 200, report.snapshot()),
  '/v1/kustomizations': async ({ kustomizations }, outgoing) => {
    const list = await kustomizations();
    if (list === undefined) notYet(outgoing);
    else answerJson(outgoing, 200, list);
  },
  '/v1/audit': async ({ audit }, outgoing, query) => {
    const log = audit();
    const from = Number(query.get('from') ?? '0');
    if (!Number.isSafeInteger(from) || from < 0) answerText(outgoing, 400, 'from: expected a whole number\n');
    else if (log === undefined) notYet(outgoing);
    else answerJson(outgoing, 200, await log.read(from));
  },
};

function notYet(outgoing: ServerResponse): void {
  outgoing.setHeader('retry-after', '5');
  answerText(outgoing, 503, 'the box has not started this yet\n');
}
