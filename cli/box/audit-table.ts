import type { AuditEntry } from '../../contract/audit-log.ts';
import { table } from '../table.ts';

const row = ({ index, time, who, action, subject, outcome, detail }: AuditEntry) => [
  String(index),
  time.replace('T', ' ').replace(/\.\d+Z$/, 'Z'),
  who.name,
  action,
  outcome,
  detail === '' ? subject : `${subject}: ${detail}`,
];

/** Entries as aligned columns. @param heading whether to name them. */
export function auditTable(entries: readonly AuditEntry[], heading = true): string {
  const head = ['entry', 'time (of the box)', 'who', 'action', 'outcome', 'what'];
  const text = table([head, ...entries.map(row)]);
  return heading ? text : text.split('\n').slice(1).join('\n');
}
