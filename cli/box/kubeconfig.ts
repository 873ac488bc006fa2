import { resolve } from 'node:path';
import { keysDirectory } from '../../builder/bundle/keys.ts';
import { CpiabError } from '../../contract/errors.ts';
import { boxServerName, kubernetesPath } from '../../contract/kubernetes.ts';
import { getPinned, noAnswer } from '../../host/pinned-https.ts';
import { type BoxAddress, fetchStatus } from './client.ts';
import { readerFiles } from './export.ts';

/**
 * By its API, the box hands on what kubectl asks. The operator's files are named, not copied: who renews them need not
 * write this anew. Source: Kubernetes, kubeconfig v1.
 * @throws CpiabError E5004 without an answer, E5005 another key, E1413 without a credential.
 */
export async function kubeconfigOf(
  { url, fingerprint }: BoxAddress,
  given: { cert: string | undefined; key: string | undefined },
) {
  const { site } = (await fetchStatus({ url, fingerprint })).box;
  const credential = readerFiles(site, given.cert, given.key);
  if (credential === null) throw new CpiabError('E1413', { subject: keysDirectory(site), args: [site] });
  const { body } = await getPinned(new URL('/v1/ca.pem', url), fingerprint).catch((cause: unknown) => {
    throw noAnswer(url.href, fingerprint, cause);
  });
  const cluster = {
    server: new URL(kubernetesPath, url).href,
    'tls-server-name': boxServerName,
    'certificate-authority-data': body.toString('base64'),
  };
  const user = {
    'client-certificate': resolve(credential.cert),
    'client-key': resolve(credential.key),
  };
  return {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': site },
    clusters: [{ name: site, cluster }],
    users: [{ name: site, user }],
    contexts: [{ name: site, context: { cluster: site, user: site } }],
  };
}
