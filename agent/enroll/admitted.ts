import { isIPv4 } from 'node:net';
import type { Membership } from '../../contract/enroll.ts';
import { plainAddress } from '../api/client-address.ts';
import type { Desk, Members } from './desk.ts';
import type { NodeRecord } from './ledger.ts';

/** Lets the members through the firewall, and nobody else. */
export async function admitNodes(desk: Desk): Promise<void> {
  await desk.admit(membersOf(desk));
}

/** What a member is told of the others. */
export function othersOf(desk: Desk, { role }: NodeRecord): Pick<Membership, 'servers' | 'peers'> {
  const { all, servers } = membersOf(desk);
  return { servers: [desk.nodeAddress, ...servers], peers: role === 'control-plane' ? [...all] : [] };
}

function membersOf({ ledger }: Desk): Members {
  const members = [...ledger.nodes.values()].filter(({ state }) => state === 'joined');
  const servers = members.filter(({ role, joining }) => role === 'control-plane' && joining !== null);
  return { all: addresses(members), servers: addresses(servers) };
}

const addresses = (records: readonly NodeRecord[]) =>
  [...new Set(records.map(({ address }) => plainAddress(address)))]
    .filter((address) => isIPv4(address))
    .toSorted();
