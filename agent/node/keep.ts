import { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { CpiabError } from '../../contract/errors.ts';
import { messageOf } from '../../contract/message-of.ts';
import type { Board } from '../board.ts';
import { tellPresence } from '../join/presence.ts';
import { renew, renewalDue } from '../join/renew.ts';
import { journal } from '../report/journal.ts';
import type { Problem } from '../report/report.ts';
import type { Joining } from './joining.ts';
import { leave } from './leave.ts';
import { admitCluster, routeToBox } from './link.ts';
import { mirrorRegistries } from './mirror-registries.ts';
import { linkToBox } from './steps.ts';

/** Nodes of a box that were started together do not ask it together. */
const LOOK_MS = 60_000;
/** Of a control plane: etcd of another that joins waits until it is let in here. */
const SERVER_LOOK_MS = 10_000;
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
  const usualMs = joining.role === 'control-plane' ? SERVER_LOOK_MS : LOOK_MS;
  const { random, lookMs = usualMs, signal } = options;
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
  const { nodeAddress } = board.site.network;
  const link = await linkToBox(board, joining, signal);
  await routeToBox(link, nodeAddress, signal);
  const serving = board.peek('serving');
  const told = await tellPresence(store, signal, serving?.registry);
  if (told.state === 'removed') return await leave(board, joining, signal);
  serving?.roster.set(told.members);
  if (wall() >= renewalDue(await store.requireMember(), part)) {
    const { grant } = await renew(store, wall, signal);
    journal('info', { renewed: grant.id, until: new X509Certificate(grant.certificate).validTo });
  }
  const cluster = await store.requireCluster();
  const { servers, peers, members } = told;
  // A box that has not verified its bundle yet names no registry of its own.
  const registries = told.bundle === null ? cluster.registries : told.registries;
  const now = { ...cluster, servers, peers, members, registries };
  await mirrorRegistries(board, store, now, signal);
  if (isDeepStrictEqual(now, cluster)) return;
  await admitCluster(link, nodeAddress, now, signal);
  if (!isDeepStrictEqual(servers, cluster.servers)) await board.get('engine').followServers(servers, signal);
  await store.keepCluster(now);
}

function problemOf(error: unknown): Problem {
  if (error instanceof CpiabError)
    return {
      problem: `${error.subject}: ${error.message}`,
      nextAction: error.hint,
      code: `CPIAB-${error.code}`,
    };
  const why = messageOf(error);
  return { problem: `the box cannot be asked: ${why}`, nextAction: 'wait a minute; the cluster goes on' };
}
