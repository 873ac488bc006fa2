import { createHash } from 'node:crypto';
import type { NodeRecord } from '../../../agent/enroll/ledger.ts';

/** A node that waits for a decision for an hour; its key and identifier hang on its name. @param requested ms. */
export function nodeRecord(name: string, requested: number, more: Partial<NodeRecord> = {}): NodeRecord {
  const key = createHash('sha256').update(name).digest('hex');
  return {
    ...{ id: key.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5'), name, role: 'agent' },
    ...{ state: 'pending', key, spki: 'AAAA', request: key, address: '10.0.0.9', invitation: null },
    ...{ requested, expires: requested + 3_600_000, reason: '', inventory: null, certificates: [] },
    ...{ issued: null, nonces: [], witnessed: null, revokedAt: null, joining: null, ready: null },
    ...{ leaving: false, registry: null },
    ...more,
  };
}
