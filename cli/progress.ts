import { stripVTControlCharacters, styleText } from 'node:util';
import type { ProgressEvent, ProgressSink } from '../contract/progress.ts';
import { formatBytes, formatDuration } from '../contract/units.ts';
import { driftTable } from './drift-table.ts';

/** `live`: a list that redraws itself; `plain`: one line for each start and end; `json`: one event a line. */
export type ProgressForm = 'live' | 'plain' | 'json';

export interface Presenter {
  sink: ProgressSink;
  /** Prints a line for good, above the list. */
  note(line: string): void;
  /** Clears the list and gives the terminal back as it was. */
  close(): void;
}

/** The form that suits a stream: a live list only where a person watches. */
export function progressForm(
  json: boolean,
  stream: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
): ProgressForm {
  if (json) return 'json';
  return stream.isTTY && !env['CI'] && env['TERM'] !== 'dumb' ? 'live' : 'plain';
}

/** Shows what a command reports about its work. */
export async function presenter(
  form: ProgressForm,
  stream: NodeJS.WriteStream,
  now = () => performance.now(),
): Promise<Presenter> {
  const write = (line: string) => void stream.write(`${line}\n`);
  if (form === 'json') {
    return {
      sink: (event) => write(JSON.stringify(event)),
      note: (line) => write(noteEvent(line)),
      close: () => {},
    };
  }
  const parts = new Parts(now);
  if (form === 'live') return await live(parts, stream);
  const started = now();
  const stamped = (line: string) => write(`[${((now() - started) / 1000).toFixed(1).padStart(7)} s] ${line}`);
  return {
    sink: (event) => {
      if (isSaid(event)) return write(said(event));
      const line = parts.take(event);
      if (line !== undefined) stamped(stripVTControlCharacters(line));
      else if (event.type === 'start') stamped(`  ${event.title}${suffix(event.detail)}`);
    },
    note: write,
    close: () => {},
  };
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const REDRAW_MS = 100;

async function live(parts: Parts, stream: NodeJS.WriteStream): Promise<Presenter> {
  const { createLogUpdate } = await import('log-update');
  const update = createLogUpdate(stream);
  let frame = 0;
  const draw = () => {
    frame = (frame + 1) % FRAMES.length;
    const lines = parts.running().map((line) => `${styleText('cyan', FRAMES[frame] ?? '')} ${line}`);
    update(lines.join('\n'));
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  const note = (line: string) => {
    update.clear();
    stream.write(`${line}\n`);
    draw();
  };
  return {
    sink: (event) => {
      const line = isSaid(event) ? said(event) : parts.take(event);
      if (line !== undefined) note(line);
    },
    note,
    close: () => {
      clearInterval(timer);
      update.clear();
      update.done();
    },
  };
}

interface Part {
  title: string;
  detail: string | undefined;
  bytes: number | undefined;
  since: number;
}

/** The parts that are under way, in the order they began. */
class Parts {
  readonly #running = new Map<string, Part>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes an event; returns the line to print for good, if it ends a part. */
  take(event: PartEvent): string | undefined {
    const part = this.#running.get(event.id);
    const title = 'title' in event ? event.title : (part?.title ?? event.id);
    if (event.type === 'start') {
      this.#running.set(event.id, { title, detail: event.detail, bytes: undefined, since: this.#now() });
      return undefined;
    }
    if (event.type === 'progress') {
      if (part !== undefined)
        Object.assign(part, { detail: event.detail ?? part.detail, bytes: event.bytes });
      return undefined;
    }
    this.#running.delete(event.id);
    return endLine(event, title);
  }

  running(): string[] {
    return [...this.#running.values()].map(({ title, detail, bytes, since }) => {
      const facts = [
        formatDuration(this.#now() - since),
        bytes === undefined ? undefined : formatBytes(bytes),
        detail,
      ];
      return `${title}  ${styleText('dim', facts.filter((fact) => fact !== undefined).join('  '))}`;
    });
  }
}

type SaidEvent = Extract<ProgressEvent, { type: 'note' | 'drift' }>;
type PartEvent = Exclude<ProgressEvent, SaidEvent>;

const isSaid = (event: ProgressEvent): event is SaidEvent => event.type === 'note' || event.type === 'drift';
const said = (event: SaidEvent) => (event.type === 'note' ? event.detail : driftTable(event.entries));

type EndEvent = Extract<ProgressEvent, { type: 'done' | 'skip' | 'fail' }>;

function endLine(event: EndEvent, title: string): string {
  if (event.type === 'skip') return `${styleText('dim', '-')} ${title}  skipped: ${event.detail}`;
  const took = formatDuration(event.tookMs);
  if (event.type === 'fail')
    return `${styleText('red', '✖')} ${title}  ${took}  ${event.detail.split('\n', 1)[0]}`;
  const facts = [
    event.cached === true ? 'from the cache' : took,
    event.bytes === undefined ? undefined : formatBytes(event.bytes),
    event.detail,
  ];
  return `${styleText('green', '✔')} ${title}  ${facts.filter((fact) => fact !== undefined).join('  ')}`;
}

const suffix = (detail: string | undefined) => (detail === undefined ? '' : `  ${detail}`);
const noteEvent = (line: string) => JSON.stringify({ type: 'note', detail: stripVTControlCharacters(line) });
