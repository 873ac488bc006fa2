import type { IncomingMessage, ServerResponse } from 'node:http';
import { supportPath } from '../../contract/support.ts';
import type { AuditLog } from '../audit/log.ts';
import type { Served } from '../serve/served.ts';
import type { UpdateHttp } from '../update/http.ts';
import { answerText, notYet } from './answer.ts';
import { answerBackup, type BackupParts } from './backups.ts';
import { countRequest } from './count-requests.ts';
import { type DocumentSources, documents } from './documents.ts';
import { type Operator, operatorOf } from './operator.ts';
import type { SignIns } from './sign-ins.ts';
import type { SiteFiles } from './site-files.ts';
import type { SupportDesk } from './support.ts';

/** What the API gives access to. */
export interface ApiParts extends DocumentSources {
  /** What the serve step has started, undefined until then. */
  served: () => Served | undefined;
  signIns: SignIns;
  support: SupportDesk;
  files: SiteFiles;
  update: UpdateHttp;
  backups: BackupParts;
}

interface Target {
  path: string;
  query: URLSearchParams;
}

/** Answers one request of the API. */
export async function route(
  parts: ApiParts,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  countRequest(incoming, outgoing, parts.counters);
  const target = incoming.url ?? '/';
  const [path = '/', search = ''] = target.split('?', 2);
  const query = new URLSearchParams(search);
  const operator = operatorOf(incoming);
  const log = parts.audit();
  if (operator !== null && log !== undefined)
    await parts.signIns.note(operator, incoming.socket.remoteAddress ?? 'nowhere', log);
  if (path === '/v2' || path.startsWith('/v2/')) {
    return await (parts.served()?.registry.answer(target, incoming, outgoing) ?? notYet(outgoing));
  }
  if (path.startsWith('/git/')) {
    const below = path.slice('/git'.length);
    return await (parts.served()?.git.answer(below, query, incoming, outgoing, operator) ?? notYet(outgoing));
  }
  const own = operatorsOwn(parts, { path, query }, log);
  if (own !== null) return await own(incoming, outgoing, operator);
  await answerReader(parts, { path, query }, incoming, outgoing);
}

type OperatorAnswer = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  operator: Operator | null,
) => Promise<void>;

/** What only an operator gets or does; null for another path. */
function operatorsOwn(
  parts: ApiParts,
  { path, query }: Target,
  log: AuditLog | undefined,
): OperatorAnswer | null {
  if (path === supportPath)
    return (incoming, outgoing, operator) => parts.support.answer(incoming, outgoing, operator);
  if (parts.update.handles(path))
    return (incoming, outgoing, operator) => parts.update.answer(path, query, incoming, outgoing, operator);
  if (!/^\/v1\/(?:backups?|restore)(?:\/|$)/.test(path)) return null;
  return (incoming, outgoing, operator) =>
    answerBackup({ ...parts.backups, log }, path, incoming, outgoing, operator);
}

/** What is only ever read: the console's files, and documents. */
async function answerReader(
  parts: ApiParts,
  { path, query }: Target,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const answer = documents[path];
  const reads = incoming.method === 'GET' || incoming.method === 'HEAD';
  if (reads && parts.files.answer(path, incoming, outgoing)) return;
  if (answer === undefined) {
    answerText(outgoing, 404, 'nothing here\n');
  } else if (reads) {
    await answer(parts, outgoing, query);
  } else {
    outgoing.setHeader('allow', 'GET, HEAD');
    answerText(outgoing, 405, 'only GET and HEAD\n');
  }
}
