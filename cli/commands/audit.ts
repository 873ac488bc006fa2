import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditLogDocument } from '../../contract/audit-log.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { BoxAddress } from '../box/client.ts';
import { watching } from '../box/watching.ts';
import { command, plainCommand } from '../command.ts';
import type { CliContext } from '../context.ts';

const FOLLOW_MS = 2000;

export function auditCommand(context: CliContext) {
  return command('audit', 'show what was done to a box, by whom, and how it ended', [
    { line: 'cpiab audit', does: 'the box that this machine booted last; the whole log is verified first' },
    { line: 'cpiab audit --follow', does: 'and each new entry, until Ctrl-C' },
    { line: 'cpiab audit --json > log.json', does: 'a copy to keep' },
    { line: 'cpiab audit verify log.json --after older.json', does: 'a copy, offline, against an older one' },
  ])
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .option('--follow', 'go on with each new entry', false)
    .action(async ({ box, follow }) => {
      const { boxAddress, fetchAudit } = await import('../box/client.ts');
      const { auditTable } = await import('../box/audit-table.ts');
      const address = await boxAddress(box, 'cpiab audit');
      const log = await fetchAudit(address);
      await checked(log, address);
      context.print(log, auditTable(log.entries));
      if (follow) await watching(() => watch(address, log, context), context);
    })
    .addCommand(verifyCommand(context));
}

function verifyCommand(context: CliContext) {
  return plainCommand('verify', 'Check a copy of an audit log, offline.')
    .argument('<file>', 'what `cpiab audit --json` wrote')
    .option('--fingerprint <hex>', "the box's, as its console shows it (default: it is told, to be compared)")
    .option('--after <file>', 'an older copy: what it holds must still be there, unchanged')
    .action(async (file, { fingerprint, after }) => {
      const { checkContinues, verifyLog } = await import('../../host/audit-log.ts');
      const log = await readLog(file);
      const verified = verifyLog(log, file);
      if (fingerprint !== undefined) expectBox(file, verified.fingerprint, fingerprint);
      if (after !== undefined) checkContinues(log, await readLog(after), file);
      const { origin, size, root } = verified;
      const text = [
        `${size} entries, signed by ${origin}`,
        `fingerprint ${verified.fingerprint}${fingerprint === undefined ? ': compare it with the console of the box' : ''}`,
        `root ${root}`,
      ];
      context.print({ ...verified, entries: size }, text.join('\n'));
    });
}

async function checked(log: AuditLogDocument, { url, fingerprint }: BoxAddress): Promise<void> {
  const { verifyLog } = await import('../../host/audit-log.ts');
  expectBox(url.href, verifyLog(log, url.href).fingerprint, fingerprint);
}

function expectBox(subject: string, found: string, expected: string): void {
  const plain = expected.replace(/[\s:]/g, '').toLowerCase();
  if (found !== plain) throw new CpiabError('E2163', { subject, args: [found, plain] });
}

/** Each look verifies the whole log anew: one that is rewritten ends it. */
async function watch(
  address: BoxAddress,
  shown: AuditLogDocument,
  { json, signal }: CliContext,
): Promise<void> {
  const { fetchAudit } = await import('../box/client.ts');
  const { auditTable } = await import('../box/audit-table.ts');
  const { checkContinues } = await import('../../host/audit-log.ts');
  for (let before = shown; ; ) {
    await sleep(FOLLOW_MS, undefined, { signal });
    const log = await fetchAudit(address).catch((error: unknown) => {
      if (error instanceof CpiabError && error.code === 'E5004') return before;
      throw error;
    });
    await checked(log, address);
    checkContinues(log, before, address.url.href);
    const fresh = log.entries.slice(before.entries.length);
    const lines = json ? fresh.map((entry) => JSON.stringify(entry)) : [auditTable(fresh, false)];
    if (fresh.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
    before = log;
  }
}

async function readLog(path: string): Promise<AuditLogDocument> {
  const { AuditLogSchema } = await import('../../contract/audit-log.ts');
  const { readTextFile } = await import('../../host/input-file.ts');
  const text = await readTextFile(path);
  try {
    return AuditLogSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CpiabError('E1004', { subject: path, cause });
  }
}
