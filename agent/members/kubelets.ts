import type { AuditEvent } from '../../contract/audit-log.ts';
import type { AuditLog } from '../audit/log.ts';
import { theBox } from '../audit/log.ts';
import { tokenDescription } from '../engine/nodes.ts';
import { subjectOf } from '../enroll/desk.ts';
import type { NodeRecord } from '../enroll/ledger.ts';
import { type KubeClient, KubeError } from '../kube/client.ts';
import { judge, type SigningRequest, type Verdict } from './judge-kubelet.ts';

const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** Answered in one look: a token that asks more often waits for the next. */
const MOST = 20;
/** Source: Kubernetes, "Authenticating with bootstrap tokens". */
const BOOTSTRAPPERS = 'system:bootstrappers';
const BOOTSTRAPPER = /^system:bootstrap:([a-z0-9]{6})$/;

export interface Office {
  kube: KubeClient;
  audit: Pick<AuditLog, 'record'>;
  records: readonly NodeRecord[];
}

/**
 * Answers those who ask for kubelet's first certificate by a token. kube-controller-manager signs what was approved
 * here, and approves none itself. Each answer is in the audit log before it is given.
 */
export async function answerKubelets(office: Office, signal: AbortSignal): Promise<void> {
  const { items } = await office.kube.get<{ items: SigningRequest[] }>(REQUESTS, signal);
  const waiting = items.filter(
    ({ spec, status }) => (status.conditions ?? []).length === 0 && spec.groups?.includes(BOOTSTRAPPERS),
  );
  for (const request of waiting.slice(0, MOST)) {
    const node = await nodeOfToken(office, request, signal);
    const verdict = judge(request, node, { all: items, records: office.records });
    await office.audit.record(eventOf(request, verdict));
    await give(office.kube, request, verdict, signal);
  }
}

/** The member that was given the token by which a request came: null when no member was, undefined for one that ended. */
async function nodeOfToken(
  { kube, records }: Office,
  { spec }: SigningRequest,
  signal: AbortSignal,
): Promise<NodeRecord | null | undefined> {
  const id = BOOTSTRAPPER.exec(spec.username ?? '')?.[1];
  if (id === undefined) return null;
  const path = `/api/v1/namespaces/kube-system/secrets/bootstrap-token-${id}`;
  const secret = await kube.get<{ data?: { description?: string } }>(path, signal).catch((error: unknown) => {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  });
  if (secret === undefined) return undefined;
  const description = Buffer.from(secret.data?.description ?? '', 'base64').toString('utf8');
  const given = (one: NodeRecord) => one.state === 'joined' && tokenDescription(one.name) === description;
  return records.find(given) ?? null;
}

function eventOf({ metadata, spec }: SigningRequest, { node, answer, why }: Verdict): AuditEvent {
  return {
    who: theBox,
    action: 'issue',
    subject: node === null ? (spec.username ?? 'nobody') : subjectOf(node),
    outcome: answer === 'approve' ? 'done' : 'refused',
    detail: `kubelet's certificate, ${metadata.name}: ${why}`,
  };
}

/** Source: Kubernetes, "Certificates and Certificate Signing Requests". */
async function give(
  kube: KubeClient,
  { metadata: { name, resourceVersion } }: SigningRequest,
  { answer, why }: Verdict,
  signal: AbortSignal,
): Promise<void> {
  const path = `${REQUESTS}/${name}`;
  // A kubelet that has got another token by now asks anew when this is gone.
  if (answer === 'remove') return await kube.remove(path, signal);
  const type = answer === 'approve' ? 'Approved' : 'Denied';
  const condition = { type, status: 'True', reason: 'CPiaB', message: why };
  const patch = { metadata: { resourceVersion }, status: { conditions: [condition] } };
  await kube.merge(`${path}/approval`, patch, signal);
}
