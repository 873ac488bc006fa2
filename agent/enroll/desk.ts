import type { EnrollPolicy } from '../../contract/enroll-policy.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { JoinMaterial, RegistryMaterial } from '../../contract/join-material.ts';
import type { NodePool } from '../../contract/node-pools.ts';
import type { AuditLog } from '../audit/log.ts';
import type { JoiningNode } from '../engine/engine.ts';
import type { InTurn } from '../in-turn.ts';
import type { Authority } from '../pki/authority.ts';
import type { Seal } from '../seal.ts';
import type { Ledger, NodeRecord } from './ledger.ts';

/** What enrolment asks of the cluster; undefined until Kubernetes runs. */
export interface EnrollingEngine {
  mintJoinToken(node: JoiningNode, ttlMs: number, signal: AbortSignal): Promise<JoinMaterial>;
  endJoin(node: string, signal: AbortSignal): Promise<void>;
  revoke(node: string, signal: AbortSignal): Promise<void>;
  drain(node: string, limitMs: number, signal: AbortSignal): Promise<string[]>;
}

/** Machines of the cluster besides the box: IPv4 addresses. */
export interface Members {
  all: readonly string[];
  /** Those that run a control plane, or are about to. */
  servers: readonly string[];
}

/** What each part of enrolment works with. */
export interface Desk {
  ledger: Ledger;
  audit: AuditLog;
  authority: Authority;
  seal: Pick<Seal, 'document'>;
  policy: EnrollPolicy;
  /** SHA-256 of the box's own key: what an invitation pins. */
  fingerprint: string;
  /** Names of nodes that nobody may take, such as the box's own. */
  reserved: readonly string[];
  engine: () => EnrollingEngine | undefined;
  /** What the site says about nodes. */
  pools: readonly NodePool[];
  /** Where nodes find images; undefined while the bundle is not verified. */
  registry: () => RegistryMaterial | undefined;
  /** The box's fixed address. */
  nodeAddress: string;
  /** Why no control plane can join this box, or null. */
  noControlPlane(): string | null;
  /** Lets these machines through the firewall, and no others. */
  admit(members: Members): Promise<void>;
  clock: EnrollClock;
  /** Ends every connection that was made with a key. @returns how many. */
  disconnect(key: string): number;
  /** What may change a record of a node comes one after the other. */
  inTurn: InTurn;
}

/** Time for deadlines: the box's clock, which somebody may set back, but never earlier than what the ledger has seen. */
export class EnrollClock {
  readonly wall: () => number;
  readonly #uptime: () => number;
  readonly #floor: number;
  readonly #opened: number;

  /** @param lastSeen the newest time in the ledger. Both clocks in milliseconds. */
  constructor(wall: () => number, uptime: () => number, lastSeen: number) {
    this.wall = wall;
    this.#uptime = uptime;
    this.#floor = lastSeen;
    this.#opened = uptime();
  }

  now(): number {
    return Math.max(this.wall(), this.#floor + this.#uptime() - this.#opened);
  }
}

/** @throws CpiabError E5501. */
export function nodeOf({ ledger }: Desk, id: string): NodeRecord {
  const node = ledger.nodes.get(id);
  if (node === undefined) throw new CpiabError('E5501', { subject: `node ${id}` });
  return node;
}

/** A node's state now: what was not decided in time is over. */
export function stateOf(node: NodeRecord, now: number): NodeRecord['state'] {
  const waits = node.state === 'pending' || node.state === 'approved';
  return waits && now >= node.expires ? 'expired' : node.state;
}

export const timeText = (ms: number) => new Date(ms).toISOString();

export const subjectOf = ({ id, name }: Pick<NodeRecord, 'id' | 'name'>) => `node ${name} ${id}`;
