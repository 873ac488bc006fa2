import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { BoxStatus } from '../../contract/status.ts';
import { watching } from '../box/watching.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

const WATCH_MS = 2000;

export function statusCommand(context: CliContext) {
  return command('status', 'show how a running box is', [
    { line: 'cpiab status', does: 'the box that this machine booted last' },
    {
      line: 'cpiab status --box https://10.0.0.7:7443#4f1c… --timeline',
      does: 'another box, with the times of its steps',
    },
    { line: 'cpiab status --watch', does: 'again at each change, until Ctrl-C' },
  ])
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .option('--watch', 'print it again at each change', false)
    .option('--timeline', 'add the steps since power-on', false)
    .action(async ({ box, watch, timeline }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { statusText, timelineTable } = await import('../box/show.ts');
      const address = await boxAddress(box);
      const text = (status: BoxStatus) =>
        timeline ? `${statusText(status)}\n\n${timelineTable(status)}` : statusText(status);
      const show = (status: BoxStatus) => context.print(status, text(status));
      if (watch) await watching(() => follow(() => fetchStatus(address), text, show, context), context);
      else show(await fetchStatus(address));
    });
}

/**
 * Shows each change until Ctrl-C. A box that answered once may be restarting when it doesn't: that is
 * told, and asked again. One that never did, or has another key now, ends it.
 */
async function follow(
  ask: () => Promise<BoxStatus>,
  text: (status: BoxStatus) => string,
  show: (status: BoxStatus) => void,
  { note, signal }: CliContext,
): Promise<void> {
  let shown = '';
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      const silent = error instanceof CpiabError && error.code === 'E5004' && shown !== '';
      if (!silent) throw error;
      return error;
    });
    const now = answer instanceof CpiabError ? answer.message : text(answer);
    if (now !== shown) answer instanceof CpiabError ? note(now) : show(answer);
    shown = now;
    await sleep(WATCH_MS, undefined, { signal });
  }
}
