import { plainAddress } from '../api/client-address.ts';
import type { Desk } from './desk.ts';
import type { NodeRecord } from './ledger.ts';

/** Lets the members through the firewall, and nobody else. */
export async function admitNodes({ ledger, admit }: Desk): Promise<void> {
  const isMember = ({ state }: NodeRecord) => state === 'joined';
  await admit([...ledger.nodes.values()].filter(isMember).map(({ address }) => plainAddress(address)));
}
