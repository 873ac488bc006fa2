import type { IncomingMessage } from 'node:http';
import { CpiabError } from '../../contract/errors.ts';
import type { ReadPolicy } from '../../contract/read-policy.ts';
import { peerOf } from '../enroll/live.ts';
import type { Peer } from '../enroll/requests.ts';
import type { Operator } from './operator.ts';

/** What the site says about who may read. */
export interface ReadPolicies {
  registry: ReadPolicy;
  git: ReadPolicy;
}

export interface ReaderSources {
  policies: ReadPolicies;
  /** @throws CpiabError for who is no node of this box. Undefined while nodes are not known. */
  members: () => { expectMember(peer: Peer): void } | undefined;
}

/** Whether a request may read images or Git: an operator of any role and a node may always. */
export function mayRead(
  what: keyof ReadPolicies,
  { policies, members }: ReaderSources,
  incoming: IncomingMessage,
  operator: Operator | null,
): boolean {
  if (policies[what] === 'anyone' || operator !== null) return true;
  try {
    const known = members();
    known?.expectMember(peerOf(incoming.socket));
    return known !== undefined;
  } catch (error) {
    if (!(error instanceof CpiabError)) throw error;
    return false;
  }
}
