import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 250;

/** Waits until something is so, asking four times a second. */
export async function until(isSo: () => boolean | Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await isSo())) await sleep(POLL_MS, undefined, { signal });
}
