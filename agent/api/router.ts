import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KustomizationList } from '../../contract/status.ts';
import type { BoxReport } from '../report/report.ts';
import type { Served } from '../serve/served.ts';
import { answerBytes, answerJson, answerText } from './answer.ts';
import { operatorOf } from './operator.ts';
import { page } from './page/page.ts';

/** What the API gives access to. */
export interface ApiParts {
  report: BoxReport;
  /** PEM of the certificate to trust. */
  certificate: string;
  /** What the serve step has started, undefined until then. */
  served: () => Served | undefined;
  /** What Flux keeps in the cluster; undefined until there is one. */
  kustomizations: () => Promise<KustomizationList> | undefined;
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
  if (path === '/v2' || path.startsWith('/v2/')) {
    return await (parts.served()?.registry.answer(target, incoming, outgoing) ?? notYet(outgoing));
  }
  if (path.startsWith('/git/')) {
    const below = path.slice('/git'.length);
    const asked = new URLSearchParams(query);
    return await (parts.served()?.git.answer(below, asked, incoming, outgoing, operatorOf(incoming)) ??
      notYet(outgoing));
  }
  await answerOwn(parts, path, incoming, outgoing);
}

async function answerOwn(
  parts: ApiParts,
  path: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const answer = documents[path];
  if (answer === undefined) {
    answerText(outgoing, 404, 'nothing here\n');
  } else if (incoming.method === 'GET' || incoming.method === 'HEAD') {
    await answer(parts, outgoing);
  } else {
    outgoing.setHeader('allow', 'GET, HEAD');
    answerText(outgoing, 405, 'only GET and HEAD\n');
  }
}

const documents: Record<string, (parts: ApiParts, outgoing: ServerResponse) => void | Promise<void>> = {
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
};

function notYet(outgoing: ServerResponse): void {
  outgoing.setHeader('retry-after', '5');
  answerText(outgoing, 503, 'the box has not started this yet\n');
}
