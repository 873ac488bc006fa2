import type { AuditEvent } from '../../contract/audit-log.ts';
import { theBox } from '../audit/log.ts';
import { type Issued, lives } from '../pki/authority.ts';
import { type Desk, subjectOf, timeText } from './desk.ts';
import type { NodeRecord } from './ledger.ts';

/** A node that has a certificate, which nobody may have before the entry is on the disk. */
export interface Certified {
  node: NodeRecord;
  entry: AuditEvent;
}

/** @param why of the entry. @throws CpiabError E2505. */
export async function certified(
  { authority, clock }: Desk,
  node: NodeRecord,
  why: string,
  action: 'issue' | 'renew',
): Promise<Certified> {
  const issued = await authority.issue(`node/${node.id}`, Buffer.from(node.spki, 'base64'), lives.node);
  const { fingerprint, serial, notAfter } = issued;
  const detail = `certificate ${serial}, until ${timeText(notAfter)}, ${why}`;
  const good = node.certificates.filter((one) => one.notAfter > clock.wall());
  const certificates = [{ fingerprint, serial, notAfter }, ...good];
  return {
    node: { ...node, state: 'joined', certificates, issued: papers(issued) },
    entry: { who: theBox, action, subject: subjectOf(node), outcome: 'done', detail },
  };
}

const papers = ({ certificate, chain, root }: Issued) => ({ certificate, chain, root });
