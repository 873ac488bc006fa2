import type { IncomingMessage, ServerResponse } from 'node:http';
import { appOfPath } from '../../contract/app-backup.ts';
import { type Inventory, inventoryPath } from '../../contract/inventory.ts';
import { joinFilePath } from '../../contract/join-file.ts';
import type { OperatorRole } from '../../contract/operator.ts';
import { passphrasePath } from '../../contract/passphrase.ts';
import { postcheckPath } from '../../contract/postcheck.ts';
import { decryptionKeyPath } from '../../contract/secrets.ts';
import { stagePath } from '../../contract/stage.ts';
import { supportPath } from '../../contract/support.ts';
import { svidPath } from '../../contract/svid.ts';
import type { AuditLog } from '../audit/log.ts';
import type { DecryptionDesk } from '../decrypt/desk.ts';
import type { EnrollHttp } from '../enroll/http.ts';
import type { ExpandHttp } from '../expand/http.ts';
import type { JoinFileParts } from '../guest/join-file.ts';
import type { KubeClient } from '../kube/client.ts';
import type { PostcheckDesk } from '../postcheck/desk.ts';
import type { Served } from '../serve/served.ts';
import type { StageDesk } from '../stage/desk.ts';
import type { SvidHttp } from '../svid/http.ts';
import type { UpdateHttp } from '../update/http.ts';
import { answerJson, answerText, notYet } from './answer.ts';
import { answerAppBackup } from './app-backups.ts';
import { answerBackup, type BackupParts } from './backups.ts';
import { answerCargo, CARGO } from './cargo.ts';
import { countRequest } from './count-requests.ts';
import { type DocumentSources, documents } from './documents.ts';
import { type InstallDesk, installPath } from './install.ts';
import { answerInventory } from './inventory.ts';
import { answerJoinFile } from './join-file.ts';
import type { KubernetesDesk } from './kubernetes/desk.ts';
import { type Operator, operatorOf } from './operator.ts';
import type { PassphraseDesk } from './passphrase.ts';
import { mayRead, type ReaderSources } from './readers.ts';
import { withRole } from './roles.ts';
import type { SignIns } from './sign-ins.ts';
import type { SiteFiles } from './site-files.ts';
import type { SupportDesk } from './support.ts';

/** What the API gives access to. */
export interface ApiParts extends DocumentSources {
  /** What the serve step has started, undefined until then. */
  served: () => Served | undefined;
  /** What other machines join with; undefined until the bundle is verified. */
  joinFile: () => JoinFileParts | undefined;
  signIns: SignIns;
  support: SupportDesk;
  files: SiteFiles;
  update: UpdateHttp;
  enroll: EnrollHttp;
  expand: ExpandHttp;
  readers: ReaderSources;
  svid: SvidHttp;
  backups: BackupParts;
  /** Undefined until the cluster is there. */
  kube: () => KubeClient | undefined;
  /** Undefined where the site wants none, and until the box has converged. */
  inventory: () => Inventory | undefined;
  install: InstallDesk;
  kubernetes: KubernetesDesk;
  passphrase: PassphraseDesk;
  decryption: DecryptionDesk;
  postcheck: PostcheckDesk;
  stage: StageDesk;
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
  if (path === '/v2' || path.startsWith('/v2/'))
    return await answerImages(parts, target, incoming, outgoing, operator);
  if (path.startsWith('/git/')) return await answerGit(parts, { path, query }, incoming, outgoing, operator);
  if (parts.kubernetes.handles(path)) return await parts.kubernetes.answer(incoming, outgoing, operator);
  const own = operatorsOwn(parts, { path, query }, log);
  if (own !== null) return await own(incoming, outgoing, operator);
  await answerReader(parts, { path, query }, incoming, outgoing);
}

async function answerImages(
  parts: ApiParts,
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  operator: Operator | null,
): Promise<void> {
  if (mayRead('registry', parts.readers, incoming, operator))
    return await (parts.served()?.registry.answer(target, incoming, outgoing) ?? notYet(outgoing));
  const message = 'the images of this box are for operators and nodes, who show their certificates';
  // Source: OCI Distribution Specification 1.1, "Error Codes".
  answerJson(outgoing, 403, { errors: [{ code: 'DENIED', message }] });
}

async function answerGit(
  parts: ApiParts,
  { path, query }: Target,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  operator: Operator | null,
): Promise<void> {
  if (!mayRead('git', parts.readers, incoming, operator))
    return answerText(
      outgoing,
      403,
      'the Git of this box is for operators and nodes, who show their certificates\n',
    );
  const below = path.slice('/git'.length);
  const pusher = withRole(operator, 'operator');
  await (parts.served()?.git.answer(below, query, incoming, outgoing, pusher) ?? notYet(outgoing));
}

type OperatorAnswer = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  operator: Operator | null,
) => Promise<void>;

/** What one path is for, and the role that it needs. */
interface Desk {
  role: OperatorRole;
  of: (parts: ApiParts) => { answer: OperatorAnswer };
}

const desks: ReadonlyMap<string, Desk> = new Map<string, Desk>([
  [supportPath, { role: 'admin', of: ({ support }) => support }],
  [installPath, { role: 'admin', of: ({ install }) => install }],
  [passphrasePath, { role: 'admin', of: ({ passphrase }) => passphrase }],
  [decryptionKeyPath, { role: 'admin', of: ({ decryption }) => decryption }],
  [postcheckPath, { role: 'operator', of: ({ postcheck }) => postcheck }],
  [stagePath, { role: 'operator', of: ({ stage }) => stage }],
]);

/** What only an operator, a node or a workload gets or does; null for another path. */
function operatorsOwn(
  parts: ApiParts,
  { path, query }: Target,
  log: AuditLog | undefined,
): OperatorAnswer | null {
  if (parts.enroll.handles(path))
    return (incoming, outgoing, operator) => parts.enroll.answer(path, incoming, outgoing, operator);
  if (parts.expand.handles(path))
    return (incoming, outgoing, operator) =>
      parts.expand.answer({ path, query }, incoming, outgoing, operator);
  if (path === svidPath) return (incoming, outgoing) => parts.svid.answer(incoming, outgoing);
  const desk = desks.get(path);
  if (desk !== undefined)
    return (incoming, outgoing, operator) =>
      desk.of(parts).answer(incoming, outgoing, withRole(operator, desk.role));
  if (path === inventoryPath)
    return (incoming, outgoing, operator) => answerInventory(parts.inventory(), incoming, outgoing, operator);
  if (parts.update.handles(path))
    return forAdmins((incoming, outgoing, operator) =>
      parts.update.answer(path, query, incoming, outgoing, operator),
    );
  const app = appOfPath(path);
  if (app !== null)
    return forAdmins((incoming, outgoing, operator) =>
      answerAppBackup({ kube: parts.kube(), log }, app, incoming, outgoing, operator),
    );
  if (path.startsWith(CARGO))
    return forAdmins((incoming, outgoing, operator) =>
      answerCargo({ ...parts.backups, log }, { path, query }, incoming, outgoing, operator),
    );
  if (!/^\/v1\/(?:backups?|restore)(?:\/|$)/.test(path)) return null;
  return forAdmins((incoming, outgoing, operator) =>
    answerBackup({ ...parts.backups, log }, path, incoming, outgoing, operator),
  );
}

const forAdmins =
  (answer: OperatorAnswer): OperatorAnswer =>
  (incoming, outgoing, operator) =>
    answer(incoming, outgoing, withRole(operator, 'admin'));

/** What is only ever read: the console's files, and documents. */
async function answerReader(
  parts: ApiParts,
  { path, query }: Target,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  if (path === joinFilePath) return await answerJoinFile(parts.joinFile(), incoming, outgoing);
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
