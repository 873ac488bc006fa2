import { X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../contract/errors.ts';
import { units } from '../../contract/layout.ts';
import { run } from '../../host/process.ts';
import type { Board } from '../board.ts';
import { tellPresence } from '../join/presence.ts';
import { renew, renewalDue } from '../join/renew.ts';
import { journal } from '../report/journal.ts';
import type { Problem } from '../report/report.ts';
import { routeToBox } from './link.ts';
import { mirrorBox } from './mirror-box.ts';
import { type Joining, linkToBox } from './steps.ts';

/** Nodes of a box that were started together do not ask it together. */
const LOOK_MS = 60_000;
const SPREAD = 0.5;

export interface KeepOptions {
  /** Milliseconds since the epoch. */
  wall: () => number;
  /** At least 0, less than 1. */
  random: () => number;
  /** Between looks, on average. */
  lookMs?: number;
  signal: AbortSignal;
}

/**
 * What a node does while it is one: says where it is, follows its certificate by the next in time and so witnesses the
 * box's log, and leaves when the box has removed it. The cluster goes on without any of this.
 */
export async function keepNode(board: Board, joining: Joining, options: KeepOptions): Promise<void> {
  const { random, lookMs = LOOK_MS, signal } = options;
  // Of each certificate, one moment between the first and the last at which it may be followed.
  const part = random();
  for (;;) {
    await sleep(lookMs * (1 - SPREAD / 2 + SPREAD * random()), undefined, { signal });
    const problem = await look(board, joining, part, options).then(
      () => null,
      (error: unknown) => problemOf(error),
    );
    signal.throwIfAborted();
    board.report.lasting('box', problem);
  }
}

async function look(
  board: Board,
  joining: Joining,
  part: number,
  { wall, signal }: KeepOptions,
): Promise<void> {
  const { store } = joining;
  await routeToBox(await linkToBox(board, joining, signal), board.site.network.nodeAddress, signal);
  const { state, bundle } = await tellPresence(store, signal);
  if (state === 'removed') return await leave(board, joining, signal);
  if (wall() >= renewalDue(await store.requireMember(), part)) {
    const { grant } = await renew(store, wall, signal);
    journal('info', { renewed: grant.id, until: new X509Certificate(grant.certificate).validTo });
  }
  const cluster = await store.requireCluster();
  const registry = cluster.registry && { ...cluster.registry, bundle: bundle ?? cluster.registry.bundle };
  await mirrorBox(board, store, { ...cluster, registry });
}

/**
 * Ends everything of the cluster here and forgets the box; the next start of the agent finds a machine that never joined.
 * On a machine that runs another system, it all goes, this agent too.
 */
export async function leave(board: Board, { store, guest }: Joining, signal: AbortSignal): Promise<void> {
  journal('info', { leaving: board.report.snapshot().node?.box });
  if (guest) return void (await run(['systemctl', 'start', '--no-block', units.leave], { signal }));
  await board.get('engine').reset(signal);
  await rm(store.directory, { recursive: true });
  board.abandon(new Error('the box has removed this node'));
}

function problemOf(error: unknown): Problem {
  if (error instanceof CpiabError)
    return {
      problem: `${error.subject}: ${error.message}`,
      nextAction: error.hint,
      code: `CPIAB-${error.code}`,
    };
  const why = error instanceof Error ? error.message : String(error);
  return { problem: `the box cannot be asked: ${why}`, nextAction: 'wait a minute; the cluster goes on' };
}
