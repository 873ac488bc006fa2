import { exchange } from '../discover/probe/exchange.ts';
import { nfsDetail, nfsNull } from '../discover/probe/greetings.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Watch } from './watch.ts';

interface PersistentVolume {
  metadata: { name: string };
  spec: { nfs?: { server: string }; claimRef?: { namespace: string; name: string } };
  status?: { phase?: string };
}

/** IANA's port for NFS, the only one of version 4 (RFC 8881 section 2.9.3). */
export const nfsPort = 2049;
/** One answer may be lost, or late on a busy machine. */
const MISSES = 2;
/** So many claims are named. */
const NAMED = 4;

/**
 * Whether the NFS servers of bound volumes answer. Kubernetes tells the effects only: pods that start wait, what runs
 * waits for its files, jobs fail.
 */
export function watchNfs(kubeOf: () => Pick<KubeClient, 'get'> | undefined, port = nfsPort): Watch {
  const misses = new Map<string, number>();
  return async (signal) => {
    const claims = await claimsByServer(kubeOf(), signal);
    const silent = await Promise.all(
      [...claims.keys()].map(async (server) => {
        const missed = (await nfsAnswers(server, port, signal)) ? 0 : (misses.get(server) ?? 0) + 1;
        misses.set(server, missed);
        return missed >= MISSES ? [server] : [];
      }),
    );
    const [server] = silent.flat();
    if (server === undefined) return null;
    return {
      problem: `the NFS server ${server} does not answer; these volumes wait for it: ${listed(claims.get(server) ?? [])}`,
      nextAction:
        'switch it on, or look at its network and its NFS service; what waits goes on by itself when it answers',
    };
  };
}

async function claimsByServer(
  kube: Pick<KubeClient, 'get'> | undefined,
  signal: AbortSignal,
): Promise<Map<string, string[]>> {
  if (kube === undefined) return new Map();
  const { items } = await kube.get<{ items: PersistentVolume[] }>('/api/v1/persistentvolumes', signal);
  const bound = items.flatMap(({ spec: { nfs, claimRef }, status }) =>
    nfs === undefined || claimRef === undefined || status?.phase !== 'Bound'
      ? []
      : [{ server: nfs.server, claim: `${claimRef.namespace}/${claimRef.name}` }],
  );
  return new Map(
    [...Map.groupBy(bound, ({ server }) => server)].map(([server, all]) => [
      server,
      all.map(({ claim }) => claim).toSorted(),
    ]),
  );
}

/** Whether NFS answers; a connection alone proves nothing, since a firewall may take it. */
export async function nfsAnswers(address: string, port: number, signal: AbortSignal): Promise<boolean> {
  const isOne = (bytes: Buffer) => nfsDetail(bytes) !== null;
  const said = await exchange({ address, port, tls: false, say: nfsNull }, isOne, signal);
  return said !== null && isOne(said);
}

function listed(claims: readonly string[]): string {
  const more = claims.length - NAMED;
  return claims.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
