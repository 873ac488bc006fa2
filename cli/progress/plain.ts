import { stripVTControlCharacters } from 'node:util';
import type { Presenter, PresentOptions } from './form.ts';
import { endLine, isEnd, isSaid, joined, said, stateLine } from './lines.ts';
import { Parts } from './parts.ts';
import { summaryText } from './summary.ts';

/** Logs are told that work goes on after this long without a line. */
const QUIET_MS = 30_000;

/** One line where a part starts and where it ends, and one about what runs when nothing else was said for long. */
export function plain(stream: NodeJS.WriteStream, { now, stopped }: PresentOptions): Presenter {
  const parts = new Parts(now);
  const started = now();
  const write = (line: string) => {
    stream.write(`${line}\n`);
    timer.refresh();
  };
  const stamped = (line: string) =>
    write(`[${((now() - started) / 1000).toFixed(1).padStart(7)} s] ${stripVTControlCharacters(line)}`);
  const timer = setInterval(() => {
    const states = parts.running().filter(({ phase }) => phase !== 'stage');
    if (states.length > 0) stamped(`  … ${states.map(stateLine).join('; ')}`);
  }, QUIET_MS).unref();
  return {
    sink: (event) => {
      if (isSaid(event)) return write(said(event));
      const phase = parts.phase(event.id);
      const title = parts.take(event);
      if (event.type === 'start') stamped(joined(`  ${title}`, event.detail));
      else if (isEnd(event) && !(event.type === 'fail' && stopped())) stamped(endLine(event, title, phase));
    },
    note: write,
    aside: (other) => other(),
    close: (whole) => {
      clearInterval(timer);
      if (whole) stream.write(summaryText(parts.finished, now() - started));
    },
  };
}
