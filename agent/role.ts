import { hostname } from 'node:os';
import { parseInvitation } from '../contract/invitation.ts';
import type { Backups } from './backup/backups.ts';
import { keepBackups } from './backup/schedule.ts';
import type { Board, Paths } from './board.ts';
import { discoverAlways } from './discover/discover.ts';
import { expandAlways } from './expand/keep.ts';
import { NodeStore } from './join/store.ts';
import { keepMembers } from './members/keep.ts';
import { keepNode } from './node/keep.ts';
import { keepMirrors } from './node/mirror-registries.ts';
import { nodeSequence } from './node/sequence.ts';
import { clearLeftovers } from './postcheck/run.ts';
import { journal } from './report/journal.ts';
import { keepRoutes } from './routes/keep.ts';
import type { SeedResult } from './seed/result.ts';
import { sequence } from './sequence.ts';
import type { Step } from './step.ts';
import { tellWorkloads } from './svid/tell.ts';

/** Goes on until the signal. */
type Loop = (board: Board, backups: Backups, signal: AbortSignal) => Promise<void>;

/** What a machine is for: a box, with a cluster of its own, or a node of one. */
export interface Role {
  steps: readonly Step[];
  /** From the start on. */
  always: readonly Loop[];
  /** When the steps are through. */
  ready: readonly Loop[];
  /** Whether it lets nodes in. */
  takesNodes: boolean;
  /** Whether the machine's consoles are its own. */
  hasConsoles: boolean;
}

/** @param given what the seed says of a machine that joins a box; null for a box. */
export function roleOf(given: SeedResult['node'], paths: Pick<Paths, 'node'>): Role {
  return given === null ? boxRole : nodeRole(given, paths);
}

const boxRole: Role = {
  steps: sequence,
  always: [
    (board, backups, signal) => keepBackups(board, backups, Date.now, signal),
    (board, _, signal) => keepMembers(board, hostname(), signal),
    (board, _, signal) => expandAlways(board, signal),
    (board, _, signal) => tellWorkloads(board, signal),
    (board, _, signal) => keepRoutes(board, Date.now, signal),
  ],
  ready: [
    (board, _, signal) => discoverAlways(board, Date.now, journal, signal),
    (board, _, signal) => clearLeftovers(board, journal, signal),
  ],
  takesNodes: true,
  hasConsoles: true,
};

function nodeRole(
  { name, role, invitation, guest }: NonNullable<SeedResult['node']>,
  paths: Pick<Paths, 'node'>,
): Role {
  const parsed = parseInvitation(invitation);
  if (typeof parsed === 'string')
    throw new Error(`the seed was read with an invitation that is none: ${parsed}`);
  const joining = { name, role, invitation: parsed, guest, store: new NodeStore(paths.node) };
  return {
    steps: nodeSequence(joining),
    always: [],
    ready: [
      (board, _, signal) => keepNode(board, joining, { wall: Date.now, random: Math.random, signal }),
      (board, _, signal) => keepMirrors(board, joining.store, signal),
    ],
    takesNodes: false,
    hasConsoles: !guest,
  };
}
