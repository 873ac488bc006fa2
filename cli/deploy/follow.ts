import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../contract/errors.ts';
import { type ProgressSink, tracked } from '../../contract/progress.ts';
import type { BoxStatus } from '../../contract/status.ts';
import { type BoxAddress, fetchStatus } from '../box/client.ts';

export interface FollowOptions {
  /** Seconds. */
  timeout: number;
  /** How a person sees the box's console. */
  console: string;
  signal: AbortSignal;
  progress: ProgressSink;
}

const ASK_MS = 2000;

/**
 * Asks a box until it is ready. One that doesn't answer has not started its API yet.
 * @throws CpiabError E5001 too late, E5003 the box stopped, E5005 it has another key.
 */
export function followToReady(address: BoxAddress, options: FollowOptions): Promise<BoxStatus> {
  const part = { id: 'ready', title: 'wait until the box is ready' };
  return tracked(options.progress, part, () => untilReady(address, options));
}

async function untilReady(address: BoxAddress, options: FollowOptions): Promise<BoxStatus> {
  const { timeout, console, signal, progress } = options;
  const deadline = performance.now() + timeout * 1000;
  let step = 'power-on';
  for (;;) {
    const status = await statusIfAny(address);
    if (status?.phase === 'ready') return status;
    if (status !== null) {
      rejectFailed(address, status, console);
      step = status.phase;
    }
    progress({ type: 'progress', id: 'ready', detail: status?.problem ?? step });
    if (performance.now() > deadline) throw late(address, timeout, step, console);
    await sleep(ASK_MS, undefined, { signal });
  }
}

const late = ({ url }: BoxAddress, seconds: number, step: string, console: string) =>
  new CpiabError('E5001', { subject: url.href, args: [String(seconds), step, `\`${console}\``] });

async function statusIfAny(address: BoxAddress): Promise<BoxStatus | null> {
  return await fetchStatus(address).catch((error: unknown) => {
    if (error instanceof CpiabError && error.code === 'E5004') return null;
    throw error;
  });
}

function rejectFailed({ url }: BoxAddress, status: BoxStatus, console: string): void {
  const { phase, steps, problem, nextAction } = status;
  if (phase !== 'failed') return;
  const failed = steps.find(({ state }) => state === 'failed')?.name ?? 'an unknown step';
  const next = nextAction ?? `see its console, \`${console}\``;
  throw new CpiabError('E5003', { subject: url.href, args: [failed, problem ?? 'no reason given', next] });
}
