import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BackupRequestSchema } from '../../contract/backup.ts';
import type { AuditLog } from '../audit/log.ts';
import type { Backups } from '../backup/backups.ts';
import { answerJson, answerText, notWritten } from './answer.ts';
import { takeDocument } from './body.ts';
import { answerRefusal } from './command.ts';
import type { Operator } from './operator.ts';

export interface BackupParts {
  of: Backups;
  /** Ends all that runs; what was staged is put in place by the next start. */
  reboot: () => Promise<void>;
}

interface Asked extends BackupParts {
  log: AuditLog | undefined;
}

/** How long making a backup may take. */
const LONGEST_MS = 6 * 3_600_000;
const LARGEST_REQUEST = 1 << 16;

/** Backups and restores: for operators only, and all of them written down before anything is done. */
export async function answerBackup(
  asked: Asked,
  path: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  operator: Operator | null,
): Promise<void> {
  const answer = routes.find(({ method, pattern }) => method === incoming.method && pattern.test(path));
  if (answer === undefined) return answerText(outgoing, 404, 'nothing here\n');
  if (operator === null)
    return answerText(outgoing, 403, 'backups need the operator certificate of this site\n');
  if (asked.log === undefined) return notWritten(outgoing);
  try {
    const parts = { ...asked, log: asked.log };
    await answer.run({ parts, path, incoming, outgoing, operator });
  } catch (error) {
    answerRefusal(outgoing, error);
  }
}

interface Call {
  parts: BackupParts & { log: AuditLog };
  path: string;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  operator: Operator;
}

const routes: readonly { method: string; pattern: RegExp; run: (call: Call) => Promise<void> }[] = [
  { method: 'POST', pattern: /^\/v1\/backup$/, run: makeBackup },
  { method: 'GET', pattern: /^\/v1\/backups$/, run: listBackups },
  { method: 'GET', pattern: /^\/v1\/backups\/[a-z0-9-]{1,60}\.age$/, run: sendBackup },
  { method: 'DELETE', pattern: /^\/v1\/backups\/[a-z0-9-]{1,60}\.age$/, run: removeBackup },
  { method: 'POST', pattern: /^\/v1\/restore$/, run: restore },
];

async function makeBackup({ parts: { of, log }, incoming, outgoing, operator: who }: Call): Promise<void> {
  const expected = { limit: LARGEST_REQUEST, schema: BackupRequestSchema, what: 'recipients of age' };
  const request = await takeDocument(incoming, outgoing, expected);
  if (request === null) return;
  const { recipients, contents } = request;
  const subject = contents ?? 'box';
  const event = { who, action: 'backup', subject, detail: `for ${recipients.join(' ')}` } as const;
  const stop = AbortSignal.timeout(LONGEST_MS);
  const asked = { scheduled: false, recipients, ...(contents === undefined ? {} : { contents }) };
  answerJson(outgoing, 200, await log.around(event, () => of.create(asked, stop)));
}

async function listBackups({ parts: { of }, outgoing }: Call): Promise<void> {
  answerJson(outgoing, 200, { backups: await of.store.list() });
}

/** From a byte on, so that a download that broke off can be gone on with (RFC 9110 section 14). */
async function sendBackup({ parts: { of }, path, incoming, outgoing }: Call): Promise<void> {
  const name = path.slice('/v1/backups/'.length);
  const record = (await of.store.list()).find((each) => each.name === name);
  if (record === undefined) return answerText(outgoing, 404, 'no such backup\n');
  const start = Number(/^bytes=(\d+)-$/.exec(incoming.headers.range ?? '')?.[1] ?? 0);
  if (start > record.size) return answerText(outgoing, 416, 'beyond its end\n');
  const head = { 'content-type': 'application/octet-stream', 'content-length': record.size - start };
  const range = { 'content-range': `bytes ${start}-${record.size - 1}/${record.size}` };
  outgoing.writeHead(start === 0 ? 200 : 206, start === 0 ? head : { ...head, ...range });
  await pipeline(createReadStream(join(of.store.directory, name), { start }), outgoing);
}

/** Only one that a person had made: the schedule looks after its own. */
async function removeBackup({ parts: { of }, path, outgoing }: Call): Promise<void> {
  const name = path.slice('/v1/backups/'.length);
  const record = (await of.store.list()).find((each) => each.name === name && !each.scheduled);
  if (record === undefined) return answerText(outgoing, 404, 'no such backup\n');
  await of.store.remove(name);
  answerJson(outgoing, 200, record);
}

async function restore({ parts, incoming, outgoing, operator: who }: Call): Promise<void> {
  const { of, log, reboot } = parts;
  const replace = incoming.headers['cpiab-replace'];
  const event = { who, action: 'restore', subject: 'state', detail: '' } as const;
  const wanted = typeof replace === 'string' ? replace : null;
  const stop = AbortSignal.timeout(LONGEST_MS);
  const manifest = await log.around(event, () => of.restore(incoming, wanted, stop));
  outgoing.once('finish', () => void reboot());
  answerJson(outgoing, 202, manifest);
}
