import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { ProgressSink } from '../../contract/progress.ts';
import type { BoxStatus, UpdateStatus } from '../../contract/status.ts';
import { type BoxAddress, fetchStatus } from './client.ts';
import { updateLine } from './show.ts';

const POLL_MS = 2000;

/**
 * Follows a box through a change of its version, over the restart, to its end.
 * @param seconds that it may take.
 * @returns the status of the box with the new version.
 * @throws CpiabError E5308 the box refused it, E5309 it went back, E5310 it takes too long.
 */
export async function followUpdate(
  address: BoxAddress,
  { seconds, progress, signal }: { seconds: number; progress: ProgressSink; signal: AbortSignal },
): Promise<BoxStatus> {
  const started = performance.now();
  const subject = address.url.href;
  const part = { id: 'update', title: 'the box takes the new version' };
  progress({ type: 'start', ...part });
  let said = 'no answer yet';
  while (performance.now() - started < seconds * 1000) {
    const status = await answered(address);
    if (status?.update) {
      said = updateLine(status.update);
      if (isOver(status.update, subject)) {
        progress({
          type: 'done',
          id: part.id,
          tookMs: Math.round(performance.now() - started),
          detail: said,
        });
        return status;
      }
    }
    progress({ type: 'progress', id: part.id, detail: status === null ? `no answer; last: ${said}` : said });
    await sleep(POLL_MS, undefined, { signal });
  }
  throw new CpiabError('E5310', { subject, args: [String(seconds), said] });
}

/** A box that restarts doesn't answer. */
async function answered(address: BoxAddress): Promise<BoxStatus | null> {
  return await fetchStatus(address).catch((error: unknown) => {
    if (error instanceof CpiabError && error.code === 'E5004') return null;
    throw error;
  });
}

/** @throws CpiabError E5308, E5309 for an end without the new version. */
function isOver({ state, reason }: UpdateStatus, subject: string): boolean {
  const why = reason ?? 'no reason given';
  if (state === 'refused')
    throw new CpiabError('E5308', {
      subject,
      args: [why, 'the version before runs on; see docs/operate/update.md'],
    });
  if (state === 'fell-back') throw new CpiabError('E5309', { subject, args: [why] });
  return state === 'committed';
}
