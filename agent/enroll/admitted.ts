import { isIPv4 } from 'node:net';
import type { Membership } from '../../contract/enroll.ts';
import { plainAddress } from '../api/client-address.ts';
import { type Desk, type Members, timeText } from './desk.ts';
import type { NodeRecord } from './ledger.ts';

/** Lets the members through the firewall, and nobody else. */
export async function admitNodes(desk: Desk): Promise<void> {
  await desk.admit(membersOf(desk));
}

/** What a member is told of the others. */
export function othersOf(desk: Desk, { id, role }: NodeRecord): Omit<Membership, keyof MembershipHead> {
  const { all, servers } = membersOf(desk);
  const others = joinedTo(desk).flatMap((one) => (one.id === id ? [] : (one.registry ?? [])));
  const own = desk.registry() ?? [];
  return {
    servers: [desk.nodeAddress, ...servers],
    registries: [own, others].flat(),
    ...(role === 'control-plane' ? { peers: [...all], members: keysOf(desk) } : { peers: [], members: [] }),
  };
}

type MembershipHead = Pick<Membership, 'apiVersion' | 'kind' | 'id' | 'state' | 'bundle'>;

/** Whose certificate is good now, and until when the newest of each is. */
const keysOf = (desk: Desk): Membership['members'] =>
  joinedTo(desk).flatMap(({ key, certificates }) => {
    const until = Math.max(...certificates.map(({ notAfter }) => notAfter));
    return until > desk.clock.wall() ? [{ key, until: timeText(until) }] : [];
  });

const joinedTo = ({ ledger }: Desk) => [...ledger.nodes.values()].filter(({ state }) => state === 'joined');

function membersOf(desk: Desk): Members {
  const members = joinedTo(desk);
  const servers = members.filter(({ role, joining }) => role === 'control-plane' && joining !== null);
  return { all: addresses(members), servers: addresses(servers) };
}

const addresses = (records: readonly NodeRecord[]) =>
  [...new Set(records.map(({ address }) => plainAddress(address)))]
    .filter((address) => isIPv4(address))
    .toSorted();
