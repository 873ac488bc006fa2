import { type ConsoleLine, consolePrefix } from '../../contract/console.ts';
import type { BoxReport } from '../report/report.ts';

/** Seconds between lines while one step takes long. */
export const REPEAT_MS = 15_000;

/**
 * What the serial console shows: a line for each step that begins or ends, one every 15 s in between
 * that says what is waited for, and at each change the same as JSON for programs.
 */
export class SerialReport {
  readonly #report: BoxReport;
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  #lastStatus = '';
  #lastStep = '';
  #lastLineMs = 0;

  constructor(report: BoxReport, write: (text: string) => void, now: () => number) {
    this.#report = report;
    this.#write = write;
    this.#now = now;
    report.onChange((change) => change === 'phase' && this.#changed());
  }

  /** To be called every second or so. */
  tick(): void {
    if (this.#now() - this.#lastLineMs < REPEAT_MS) return;
    const { state } = this.#report.current;
    if (state === 'running') this.#say(this.#stepLine());
  }

  #changed(): void {
    const status = JSON.stringify(this.#machineLine());
    if (status === this.#lastStatus) return;
    this.#lastStatus = status;
    const step = this.#step();
    if (step !== this.#lastStep) this.#say(this.#stepLine());
    this.#lastStep = step;
    const { phase, problem, nextAction } = this.#report.snapshot();
    if (problem !== null)
      this.#say(`  problem: ${oneLine(problem)}\n  next:    ${oneLine(nextAction ?? '')}`);
    if (phase === 'ready') this.#say(this.#summary());
    this.#say(`${consolePrefix}${status}`);
  }

  #machineLine(): ConsoleLine {
    const { phase, box, problem, nextAction, steps } = this.#report.snapshot();
    const { name, startedMs, tookMs } = this.#report.current;
    const ms =
      phase === 'ready' ? Math.max(...steps.map((step) => (step.startedMs ?? 0) + (step.tookMs ?? 0))) : null;
    const fingerprint = box.fingerprint === '' ? null : box.fingerprint;
    return {
      phase,
      step: name,
      ms: ms ?? (startedMs ?? 0) + (tookMs ?? 0),
      fingerprint,
      problem,
      nextAction,
    };
  }

  #stepLine(): string {
    return `[${seconds(this.#now())}] ${this.#step()}`;
  }

  #step(): string {
    const { name, state, detail } = this.#report.current;
    return `${name.padEnd(8)} ${state}${detail === '' ? '' : `: ${oneLine(detail)}`}`;
  }

  #summary(): string {
    const { steps, memory, flux } = this.#report.snapshot();
    const rows = steps.map(
      ({ name, startedMs, tookMs }) =>
        `  ${name.padEnd(8)} ${seconds(startedMs ?? 0)} + ${seconds(tookMs ?? 0)}`,
    );
    return [
      ...rows,
      `  ready: ${flux.ready} of ${flux.total} applied, ${Math.round(memory.used / 2 ** 20)} MiB in use`,
    ].join('\n');
  }

  #say(text: string): void {
    this.#lastLineMs = this.#now();
    this.#write(`${text}\n`);
  }
}

/** What others wrote, such as a pod's message, must not break the line or control the terminal. */
const oneLine = (text: string) => text.replace(/\p{Cc}+/gu, ' ');
const seconds = (ms: number) => `${(ms / 1000).toFixed(1).padStart(6)} s`;
