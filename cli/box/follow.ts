import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { BoxStatus } from '../../contract/status.ts';
import { formatDuration } from '../../contract/units.ts';

/** What a follower is told, at each look. */
export interface Watcher {
  status(status: BoxStatus): void;
  /** The box does not answer, since so many milliseconds. */
  silent(why: string, ms: number): void;
  /** It answers again and counts its time anew. */
  restarted(): void;
}

/**
 * Asks a box again and again, until the signal. One that answered once may be restarting when it
 * doesn't: that is told, and asked again. One that never did, or has another key now, ends it.
 */
export async function follow(
  ask: () => Promise<BoxStatus>,
  watcher: Watcher,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  let last: BoxStatus | undefined;
  let answeredAt = 0;
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      const silent = error instanceof CpiabError && error.code === 'E5004' && last !== undefined;
      if (!silent) throw error;
      return error;
    });
    if (answer instanceof CpiabError) watcher.silent(answer.message, performance.now() - answeredAt);
    else {
      if (last !== undefined && answer.uptimeMs < last.uptimeMs) watcher.restarted();
      watcher.status(answer);
      last = answer;
      answeredAt = performance.now();
    }
    await sleep(intervalMs, undefined, { signal });
  }
}

/** For logs: a line for each change, none for the same again. */
export function plainWatcher(line: (status: BoxStatus) => string, write: (line: string) => void): Watcher {
  let shown = '';
  const say = (text: string, what = text) => {
    if (what !== shown) write(`${text}\n`);
    shown = what;
  };
  return {
    // That time goes by is no change.
    status: (status) => say(line(status), line({ ...status, uptimeMs: 0 })),
    silent: (why) => say(why),
    restarted: () => say('the box has started anew'),
  };
}

/** For a terminal: the picture is drawn over itself. */
export async function liveWatcher(
  picture: (status: BoxStatus) => string,
  stream: NodeJS.WriteStream,
): Promise<Watcher & { close(): void }> {
  const { createLogUpdate } = await import('log-update');
  const update = createLogUpdate(stream);
  let shown = '';
  const fitting = (text: string) =>
    text
      .split('\n')
      .slice(0, Math.max(4, (stream.rows || 24) - 2))
      .join('\n');
  return {
    status: (status) => {
      shown = fitting(picture(status));
      update(shown);
    },
    silent: (why, ms) =>
      update(`${shown}\n${why}; since ${formatDuration(ms)}, asked again every two seconds`),
    restarted: () => {},
    close: () => update.done(),
  };
}
