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
    { line: 'cpiab status --watch', does: 'live until Ctrl-C; in a log, a line for each change' },
    { line: 'cpiab status --svg boot.svg', does: 'the boot as a picture' },
  ])
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .option('--watch', 'go on until Ctrl-C', false)
    .option('--timeline', 'add the steps since power-on as bars', false)
    .option('--svg <file>', 'write the boot as a picture')
    .action(async ({ box, watch, timeline, svg }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const address = await boxAddress(box);
      const ask = () => fetchStatus(address);
      const text = await pictureOf(timeline);
      if (watch) return await watching(() => live(ask, text, context), context);
      const status = await ask();
      if (svg !== undefined) await writePicture(svg, status);
      context.print(status, text(status));
    });
}

/** The status as it suits this terminal, with bars or without. */
async function pictureOf(timeline: boolean): Promise<(status: BoxStatus) => string> {
  const { statusText } = await import('../box/show.ts');
  const { timelineBars } = await import('../box/timeline-bars.ts');
  const { stdout } = process;
  return (status) => {
    const columns = stdout.columns || 100;
    const place = stdout.isTTY ? { columns, stream: stdout } : { columns };
    const text = statusText(status, place);
    return timeline ? `${text}\n\n${timelineBars(status, columns, place.stream)}` : text;
  };
}

async function live(
  ask: () => Promise<BoxStatus>,
  text: (status: BoxStatus) => string,
  { json, signal }: CliContext,
): Promise<void> {
  const { follow, liveWatcher, plainWatcher } = await import('../box/follow.ts');
  const { statusLine } = await import('../box/show.ts');
  const { stdout } = process;
  if (!stdout.isTTY || json) {
    const line = json ? (status: BoxStatus) => JSON.stringify(status) : statusLine;
    return await follow(
      ask,
      plainWatcher(line, (said) => stdout.write(said)),
      WATCH_MS,
      signal,
    );
  }
  const watcher = await liveWatcher(text, stdout);
  try {
    await follow(ask, watcher, WATCH_MS, signal);
  } finally {
    watcher.close();
  }
}

async function writePicture(path: string, status: BoxStatus): Promise<void> {
  const { timelineSvg } = await import('../../contract/timeline-svg.ts');
  const { writeAtomic } = await import('../../host/files.ts');
  await writeAtomic(path, timelineSvg(status));
}
