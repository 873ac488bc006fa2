import type { EnrolledNode, NodeList } from '../../contract/enroll.ts';
import { type Desk, stateOf, timeText } from './desk.ts';
import type { NodeRecord } from './ledger.ts';
import type { Uninvited } from './quota.ts';
import type { Sightings } from './sightings.ts';

/** Every node that the box knows, those who wait for a decision first. The audit log alone has who was superseded. */
export function listNodes({ ledger, clock }: Desk, uninvited: Uninvited, sightings: Sightings): NodeList {
  const now = clock.now();
  const known = [...ledger.nodes.values()].filter(({ state }) => state !== 'superseded');
  const nodes = [...uninvited.all(), ...known].map((node) => shown(node, now, sightings));
  const order = (node: EnrolledNode) => (node.state === 'pending' ? 0 : 1);
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'NodeList',
    nodes: nodes.toSorted(
      (a, b) => order(a) - order(b) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id),
    ),
  };
}

function shown(node: NodeRecord, now: number, sightings: Sightings): EnrolledNode {
  const { id, name, role, key, request, address, witnessed, reason, inventory } = node;
  const state = stateOf(node, now);
  const good = node.certificates.filter(({ notAfter }) => notAfter > now);
  return {
    ...{ id, name, role, state, key, request, address, witnessed, reason, inventory },
    cluster: sightings.stateOf(node, state),
    invited: node.invitation !== null,
    requested: timeText(node.requested),
    expires: state === 'pending' || state === 'approved' ? timeText(node.expires) : null,
    certificates: good.map(({ serial, notAfter }) => ({ serial, notAfter: timeText(notAfter) })),
  };
}
