import { type EtcdAccess, etcdctl } from './access.ts';

export interface EtcdMember {
  /** Hexadecimal, as etcdctl wants it. */
  id: string;
  /** Name of its node; empty until it has first started. */
  name: string;
  peers: string[];
  /** It gets all writes but does not vote yet. */
  learner: boolean;
}

/** The members of a cluster, whether or not they run. */
export async function listMembers(access: EtcdAccess, signal: AbortSignal): Promise<EtcdMember[]> {
  // Numbers of 64 bits do not survive JSON.parse, so identifiers are printed as hexadecimal.
  const { stdout } = await etcdctl(access, ['member', 'list', '--write-out', 'json', '--hex'], signal);
  const { members } = JSON.parse(stdout) as {
    members: { ID: string; name?: string; peerURLs: string[]; isLearner?: boolean }[];
  };
  return members.map(({ ID, name = '', peerURLs, isLearner = false }) => ({
    id: ID,
    name,
    peers: peerURLs,
    learner: isLearner,
  }));
}

/** Takes a node's member out, so that it no longer counts for a majority. */
export async function removeMember(access: EtcdAccess, node: string, signal: AbortSignal): Promise<void> {
  for (const { id, name } of await listMembers(access, signal))
    if (name === node) await etcdctl(access, ['member', 'remove', id], signal);
}
