import { hostname } from 'node:os';
import type { RegistryMaterial } from '../../contract/join-material.ts';
import { ports } from '../../contract/layout.ts';
import { theBox } from '../audit/log.ts';
import type { Board } from '../board.ts';
import { Authority } from '../pki/authority.ts';
import { EnrollClock } from './desk.ts';
import { Enrollment } from './enrollment.ts';
import { EnrollHttp } from './http.ts';
import { voidInvitations } from './invitations.ts';
import { Ledger } from './ledger.ts';
import type { LiveConnections } from './live.ts';

export interface EnrollClocks {
  /** Milliseconds since the epoch. */
  wall: () => number;
  /** Milliseconds that only grow. */
  uptime: () => number;
}

/**
 * Opens enrolment, when audit log and seal are there. No authority is made before the first node is let in.
 * @param restored whether the state was put in place from a backup: nobody knows which invitations were used since.
 */
export async function openEnrollment(
  board: Board,
  live: LiveConnections,
  restored: boolean,
  { wall, uptime }: EnrollClocks,
  signal: AbortSignal,
): Promise<Enrollment> {
  const { paths, site, report } = board;
  const { id, fingerprint } = report.snapshot().box;
  const [audit, seal] = [board.get('audit'), board.get('seal')];
  const ledger = await Ledger.open(paths.enroll, wall);
  const clock = new EnrollClock(wall, uptime, ledger.lastSeen);
  if (restored) {
    const count = await voidInvitations({ ledger, clock });
    const detail = `${count} taken back: the state is that of a backup`;
    await audit.record({ who: theBox, action: 'invite', subject: 'invitations', outcome: 'done', detail });
  }
  const authority = new Authority(paths.pki, trustDomainOf(id, site.name), wall);
  board.put('authority', authority);
  return new Enrollment({
    ...{ ledger, audit, seal, clock, fingerprint, authority },
    policy: site.enroll,
    reserved: [hostname()],
    engine: () => (board.peek('kube') === undefined ? undefined : board.peek('engine')),
    pools: site.nodes.pools,
    registry: () => registryOf(board),
    nodeAddress: site.network.nodeAddress,
    noControlPlane: () => noControlPlane(board),
    admit: async (members) => await board.peek('peers')?.admit(members, signal),
    disconnect: (key) => live.end(key),
  });
}

/** The registry for nodes is at the box's fixed address: its certificate has that name, whatever leases there are. */
function registryOf(board: Board): RegistryMaterial | undefined {
  const signed = board.peek('signed');
  const identity = board.peek('identity');
  if (signed === undefined || identity === undefined) return undefined;
  const address = `${board.site.network.nodeAddress}:${ports.nodes}`;
  return { address, certificate: identity.certificate, bundle: signed.digest };
}

/** Controllers that elect nobody would act twice, and a first member of etcd without its data could not come back. */
function noControlPlane({ site, report }: Board): string | null {
  if (!site.engine.highAvailability) return 'its site does not say `engine.highAvailability: true`';
  return report.snapshot().box.state === 'disk' ? null : 'its own state is in memory, not on a disk';
}

/** What the API answers about nodes. */
export function enrollHttp(board: Board, signal: AbortSignal): EnrollHttp {
  return new EnrollHttp({ enrollment: () => board.peek('enrollment'), signal });
}

/** A name of its own for each box: two boxes of one site have nothing in common that a node would trust. */
const trustDomainOf = (boxId: string, site: string) => `${boxId.slice(0, 8)}.${site}.cpiab.internal`;
