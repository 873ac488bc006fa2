import { setTimeout as sleep } from 'node:timers/promises';
import { AuditLog } from '../../../agent/audit/log.ts';
import { type Change, Ledger } from '../../../agent/enroll/ledger.ts';
import { Authority } from '../../../agent/pki/authority.ts';
import type { AuditEvent } from '../../../contract/audit-log.ts';
import { startTestApi } from '../api.ts';
import { machineId } from './machine-id.ts';
import { Moments } from './moments.ts';

/**
 * A box as a process that can be killed: `DIRECTORY AT BY`. What asks is let in by the site, or by a person who has
 * nothing else to do. Its first line is its port, its second an invitation.
 */
const [directory = '', at = '', by = 'site'] = process.argv.slice(2);
const site = { autoApprove: by === 'site' ? [{ machineIds: [machineId] }] : [] };
const api = await startTestApi(() => undefined, { directory, enroll: { site } });
const who = { name: 'alice', fingerprint: 'f', role: 'admin' } as const;
const address = `127.0.0.1:${api.port}`;
const enrollment = api.board.get('enrollment');
const made = await enrollment.invite({ role: 'agent', ttl: 900 }, address, who);
process.stdout.write(`${address}\n${made.invitation}\n`);
const moments = new Moments(at);
moments.around(AuditLog.prototype, 'record', ({ action }: AuditEvent) => `record ${action}`);
moments.around(Ledger.prototype, 'put', ({ nodes }: Change) => `put ${nodes?.[0]?.state}`);
moments.around(Authority.prototype, 'issue', () => 'certificate');

while (by === 'person') {
  const waiting = enrollment.list().nodes.find(({ state }) => state === 'pending');
  if (waiting !== undefined) await enrollment.approve({ ...waiting, who, reason: 'known machine' });
  await sleep(20);
}
