import { createLogUpdate } from 'log-update';
import { estimateMs } from '../../builder/preflight/estimate.ts';
import type { Presenter, PresentOptions } from './form.ts';
import { frame, type Size } from './frame.ts';
import { endLine, isEnd, isSaid, said } from './lines.ts';
import { Parts } from './parts.ts';
import { summaryText } from './summary.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const REDRAW_MS = 150;
const [HIDE, SHOW] = ['\u001B[?25l', '\u001B[?25h'];

/** A table that redraws itself, each time in one write; what ended stays above it, unless the cache had it. */
export function live(stream: NodeJS.WriteStream, { now, stopped }: PresentOptions): Presenter {
  const parts = new Parts(now);
  const started = now();
  let ends: number | undefined;
  const picture: Picture = (turn, size) => {
    const spinner = FRAMES[turn % FRAMES.length] ?? '';
    const leftMs = ends === undefined ? undefined : ends - now();
    return frame(parts, { spinner, elapsedMs: now() - started, leftMs, stopping: stopped() }, size);
  };
  // A command without parts leaves the terminal as it is.
  let screen: Screen | undefined;
  const print = (text: string) =>
    screen === undefined ? void stream.write(`${text}\n`) : screen.print(text);
  return {
    sink: (event) => {
      if (event.type === 'preflight') ends = now() + estimateMs(event.estimate);
      if (isSaid(event)) return print(said(event));
      screen ??= new Screen(stream, picture);
      const phase = parts.phase(event.id);
      const title = parts.take(event);
      const worthIt = event.type !== 'done' || event.cached !== true;
      if (isEnd(event) && worthIt && !(event.type === 'fail' && stopped()))
        print(endLine(event, title, phase));
    },
    note: print,
    aside: (write) => (screen === undefined ? write() : screen.aside(write)),
    close: (whole) => {
      screen?.close();
      if (whole) stream.write(summaryText(parts.finished, now() - started));
    },
  };
}

type Picture = (turn: number, size: Size) => string[];

/** The lower end of a terminal. Its cursor is hidden until it is closed, or the process ends. */
class Screen {
  readonly #stream: NodeJS.WriteStream;
  readonly #picture: Picture;
  readonly #update: ReturnType<typeof createLogUpdate>;
  readonly #timer: NodeJS.Timeout;
  readonly #resized = () => this.#redraw();
  readonly #restore = () => void this.#stream.write(SHOW);
  #turn = 0;
  #closed = false;
  #lines: string[] = [];

  constructor(stream: NodeJS.WriteStream, picture: Picture) {
    this.#stream = stream;
    this.#picture = picture;
    this.#update = createLogUpdate(stream, { showCursor: true });
    stream.write(HIDE);
    process.once('exit', this.#restore);
    stream.on('resize', this.#resized);
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS).unref();
  }

  print(text: string): void {
    if (!this.#closed) this.aside(() => void this.#stream.write(`${text}\n`));
  }

  /** Takes the picture away while something else is written. */
  aside(write: () => void): void {
    this.#update.clear();
    write();
    this.#draw();
  }

  /** Work that is given up on may still report: nobody is shown that. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#stream.off('resize', this.#resized);
    process.off('exit', this.#restore);
    this.#update.clear();
    this.#update.done();
    this.#restore();
  }

  #draw(): void {
    if (this.#closed) return;
    this.#turn += 1;
    const { columns, rows } = sizeOf(this.#stream);
    this.#lines = this.#picture(this.#turn, { columns, rows });
    this.#update(this.#lines.join('\n'));
  }

  /** A terminal that got narrower has wrapped the lines that were too long: they take more rows than were written. */
  #redraw(): void {
    const { columns } = sizeOf(this.#stream);
    const rows = this.#lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
    if (rows > 0) this.#stream.write(`\u001B[${rows}A\r\u001B[J`);
    this.#update.done();
    this.#draw();
  }
}

/** Terminals that don't know their size say 0. */
const sizeOf = ({ columns, rows }: NodeJS.WriteStream): Size => ({
  columns: columns || 80,
  rows: rows || 24,
});
