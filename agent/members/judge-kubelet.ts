import { CpiabError } from '../../contract/errors.ts';
import type { NodeRecord } from '../enroll/ledger.ts';
import { checkRequest, keyIn, type RequestedKey } from '../pki/request.ts';
import { kubeletSubject } from '../pki/subject.ts';

/** As much of a CertificateSigningRequest as is looked at. Source: certificates.k8s.io/v1. */
export interface SigningRequest {
  metadata: { name: string; resourceVersion: string };
  spec: {
    /** PEM, base64. */
    request: string;
    signerName: string;
    usages?: string[];
    /** Who asked, as the API server has found. */
    username?: string;
    groups?: string[];
  };
  status: { conditions?: unknown[] };
}

export interface Verdict {
  answer: 'approve' | 'deny' | 'remove';
  why: string;
  /** Whose token it was; null when nobody's. */
  node: NodeRecord | null;
}

export interface Known {
  /** Every request that the cluster has. */
  all: readonly SigningRequest[];
  records: readonly NodeRecord[];
}

const SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
/** What kubelet asks for with a key on an elliptic curve. Source: Kubernetes, "Kubernetes signers". */
const USAGES = 'client auth, digital signature';

/**
 * Whether a request by a bootstrap token gets kubelet's certificate: for the very node that the token was made for,
 * while it joins, with a key that nothing else has.
 * @param node that the token was made for: null for no member's token, undefined for one that has ended.
 */
export function judge(request: SigningRequest, node: NodeRecord | null | undefined, known: Known): Verdict {
  if (node === undefined) return { answer: 'remove', why: 'its token has ended', node: null };
  if (node === null) return { answer: 'deny', why: 'this box has given its token to no node', node };
  try {
    const { fingerprint } = checkKubelet(request, node, known);
    return { answer: 'approve', why: `key ${fingerprint}`, node };
  } catch (error) {
    if (!(error instanceof CpiabError)) throw error;
    return { answer: 'deny', why: error.message, node };
  }
}

function checkKubelet({ spec, metadata }: SigningRequest, node: NodeRecord, known: Known): RequestedKey {
  if (node.joining === null || node.ready !== null) throw refused('its node is not about to join');
  if (spec.signerName !== SIGNER) throw refused(`it asks for the signer ${spec.signerName}`);
  const usages = (spec.usages ?? []).toSorted().join(', ');
  if (usages !== USAGES) throw refused(`it asks for the usages ${usages}`);
  const key = checkRequest(derOf(spec.request), kubeletSubject(node.name));
  if (known.records.some((record) => record.key === key.fingerprint))
    throw refused('its key is the one that a node is known to the box by');
  const others = known.all.filter((other) => other.metadata.name !== metadata.name);
  // The API server takes none that is not signed by its key.
  if (others.some((other) => keyIn(derOf(other.spec.request))?.equals(key.spki)))
    throw refused('another request has its key');
  return key;
}

/** Source: RFC 7468 section 7. Whatever else it is, the check of the request finds. */
function derOf(request: string): Buffer {
  const pem = Buffer.from(request, 'base64').toString('latin1');
  const [, body = ''] = /-----BEGIN CERTIFICATE REQUEST-----([^-]*)-----END/.exec(pem) ?? [];
  return Buffer.from(body, 'base64');
}

const refused = (why: string) =>
  new CpiabError('E2502', { subject: "request for kubelet's certificate", args: [why] });
