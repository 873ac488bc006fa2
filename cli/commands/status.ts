import { setTimeout as sleep } from 'node:timers/promises';
import type { BoxStatus } from '../../contract/status.ts';
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
      let shown = '';
      do {
        const status = await fetchStatus(address);
        const now = text(status);
        if (now !== shown) context.print(status, now);
        shown = now;
        if (watch) await sleep(WATCH_MS, undefined, { signal: context.signal });
      } while (watch);
    });
}
