import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type AppBackupRequest,
  AppBackupRequestSchema,
  type AppBackupResult,
} from '../../contract/app-backup.ts';
import type { AuditLog } from '../audit/log.ts';
import { runAppBackup } from '../backup/app-job.ts';
import type { KubeClient } from '../kube/client.ts';
import { answerText, notWritten, notYet } from './answer.ts';
import { takeDocument } from './body.ts';
import { answerOutcome } from './command.ts';
import type { Operator } from './operator.ts';

const LARGEST_REQUEST = 1 << 12;
/** As a backup of the box. */
const LONGEST_MS = 6 * 3_600_000;

interface Sources {
  kube: KubeClient | undefined;
  log: AuditLog | undefined;
}

/** `POST /v1/apps/NAME/backup`: an operator has one app backed up or restored; who did it is written down first. */
export async function answerAppBackup(
  { kube, log }: Sources,
  app: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  operator: Operator | null,
): Promise<void> {
  if (incoming.method !== 'POST') return answerText(outgoing, 405, 'only POST\n');
  if (operator === null)
    return answerText(outgoing, 403, 'backups need the operator certificate of this site\n');
  if (log === undefined) return notWritten(outgoing);
  if (kube === undefined) return notYet(outgoing);
  const expected = { limit: LARGEST_REQUEST, schema: AppBackupRequestSchema, what: 'what is to be done' };
  const request = await takeDocument(incoming, outgoing, expected);
  if (request === null) return;
  await answerOutcome(outgoing, 200, () => recorded({ kube, log }, app, request, operator));
}

async function recorded(
  { kube, log }: { kube: KubeClient; log: AuditLog },
  app: string,
  request: AppBackupRequest,
  who: Operator,
): Promise<AppBackupResult> {
  const stop = AbortSignal.timeout(LONGEST_MS);
  const work = () => runAppBackup(kube, app, request, stop);
  // Who looks changes nothing.
  if (request.work === 'list') return await work();
  const detail = request.work === 'restore' ? `from snapshot ${request.snapshot}` : 'to the NAS';
  return await log.around({ who, action: request.work, subject: `app ${app}`, detail }, work);
}
