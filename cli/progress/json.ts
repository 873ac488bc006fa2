import { stripVTControlCharacters } from 'node:util';
import type { ProgressEvent } from '../../contract/progress.ts';
import type { Presenter, PresentOptions } from './form.ts';

/** A part's bytes are told at most this often. */
const PROGRESS_MS = 1000;

/** One event a line, as in contract/progress.ts. */
export function json(stream: NodeJS.WriteStream, { now }: PresentOptions): Presenter {
  const told = new Map<string, number>();
  const write = (event: ProgressEvent) => void stream.write(`${JSON.stringify(event)}\n`);
  return {
    sink: (event) => {
      if (event.type === 'progress' && event.phase === undefined) {
        const last = told.get(event.id);
        if (last !== undefined && now() - last < PROGRESS_MS) return;
        told.set(event.id, now());
      }
      write(event);
    },
    note: (line) => write({ type: 'note', detail: stripVTControlCharacters(line) }),
    aside: (other) => other(),
    close: () => {},
  };
}
