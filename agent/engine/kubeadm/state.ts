import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../../contract/errors.ts';
import {
  adoptRestored,
  isEtcdRunning,
  isRestorePending,
  type Member,
  unpackSnapshot,
} from './etcd/restore.ts';

/** How long etcd and what writes to it may take to end; kubelet gives a pod 30 s. */
const STOP_MS = 180_000;
const POLL_MS = 250;

/** Stops and starts what uses the store. */
export interface ControlPlane {
  /** Asks it to stop, and returns at once. */
  stop(signal: AbortSignal): Promise<void>;
  start(signal: AbortSignal): Promise<void>;
}

/**
 * Runs a cluster on the state of a snapshot: unpacked and checked while the old one still serves.
 * @throws CpiabError E5111 when the file is bad, nothing stopped then; E5112.
 */
export async function restoreState(
  file: string,
  dataDir: string,
  member: Member,
  controlPlane: ControlPlane,
  signal: AbortSignal,
): Promise<void> {
  await unpackSnapshot(file, dataDir, member, signal);
  await completeRestore(dataDir, controlPlane, signal);
  await controlPlane.start(signal);
}

/** Puts in place what a restore unpacked, if there is any; the control plane is stopped after that. @throws CpiabError E5112. */
export async function completeRestore(
  dataDir: string,
  controlPlane: Pick<ControlPlane, 'stop'>,
  signal: AbortSignal,
  patienceMs: number = STOP_MS,
): Promise<void> {
  if (!isRestorePending(dataDir)) return;
  await controlPlane.stop(signal);
  const deadline = performance.now() + patienceMs;
  while (await isEtcdRunning(dataDir, signal)) {
    if (performance.now() > deadline)
      throw new CpiabError('E5112', { subject: dataDir, args: [String(patienceMs / 1000)] });
    await sleep(POLL_MS, undefined, { signal });
  }
  await adoptRestored(dataDir);
}
