import { CpiabError } from '../../contract/errors.ts';
import { svidAudience } from '../../contract/svid.ts';
import type { KubeClient } from '../kube/client.ts';

/** Whom the API server knows a token to be of. */
export interface Workload {
  namespace: string;
  account: string;
  pod: { name: string; uid: string };
}

/** As much of a TokenReview as is looked at. Source: authentication.k8s.io/v1. */
interface TokenReview {
  status: {
    authenticated?: boolean;
    user?: { username?: string; extra?: Record<string, string[]> };
    audiences?: string[];
    error?: string;
  };
}

const ACCOUNT = /^system:serviceaccount:(?<namespace>[a-z0-9-]+):(?<account>[a-z0-9.-]+)$/;
/** Source: Kubernetes, "Managing Service Accounts", "Bound service account tokens". */
const POD = 'authentication.kubernetes.io/pod-';
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const LONGEST = 8192;

/**
 * Whose pod a token is of, by the API server's word: it knows whether pod and service account are still there.
 * @throws CpiabError E2520; KubeError when the API server can't be asked.
 */
export async function reviewToken(
  kube: Pick<KubeClient, 'create'>,
  token: string,
  signal: AbortSignal,
): Promise<Workload> {
  if (token.length > LONGEST || !TOKEN.test(token)) throw refused('it has not the form of one');
  const asked = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [svidAudience] },
  };
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  return workloadOf((await kube.create<TokenReview>(path, asked, signal)).status);
}

function workloadOf(status: TokenReview['status']): Workload {
  if (status.authenticated !== true || status.audiences?.includes(svidAudience) !== true)
    throw refused(status.error ?? 'the API server does not know it');
  const { namespace, account } = ACCOUNT.exec(status.user?.username ?? '')?.groups ?? {};
  const [name, uid] = ['name', 'uid'].map((what) => status.user?.extra?.[POD + what]?.[0]);
  if (namespace === undefined || account === undefined) throw refused('it is of no service account');
  if (name === undefined || uid === undefined) throw refused('it is bound to no pod');
  return { namespace, account, pod: { name, uid } };
}

const refused = (why: string) => new CpiabError('E2520', { subject: 'request for an SVID', args: [why] });
