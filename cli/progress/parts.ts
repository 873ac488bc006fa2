import type { Phase, ProgressEvent } from '../../contract/progress.ts';

/** Events that are about a part, not said once. */
export type PartEvent = Exclude<ProgressEvent, { type: 'note' | 'drift' | 'preflight' }>;

/** A part that is under way. */
export interface Running {
  title: string;
  phase: Phase | undefined;
  detail: string | undefined;
  bytes: number | undefined;
  total: number | undefined;
  /** Bytes in a second lately; undefined while too few have come. */
  rate: number | undefined;
  elapsedMs: number;
  /** Until its end, where that can be told. */
  leftMs: number | undefined;
}

/** A part that ended. */
export interface Finished {
  title: string;
  /** What it did first of all. */
  phase: Phase | undefined;
  tookMs: number;
  bytes: number | undefined;
  cached: boolean;
}

interface Part extends Omit<Running, 'rate' | 'elapsedMs' | 'leftMs'> {
  began: Phase | undefined;
  since: number;
  expectedMs: number | undefined;
  /** Bytes that there were at a time, oldest first. */
  samples: { at: number; bytes: number }[];
}

/** Rates are of this long before now. */
const WINDOW_MS = 10_000;
const SAMPLE_MS = 500;

/** What is under way and what has ended, from the events of one command. */
export class Parts {
  readonly finished: Finished[] = [];
  readonly #running = new Map<string, Part>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns the part's title. */
  take(event: PartEvent): string {
    const part = this.#running.get(event.id);
    const title = 'title' in event ? event.title : (part?.title ?? event.id);
    if (event.type === 'start') this.#running.set(event.id, this.#begin(event));
    else if (event.type === 'progress') this.#advance(part, event);
    else {
      this.#running.delete(event.id);
      if (event.type === 'done') this.finished.push(finished(title, part?.began, event));
    }
    return title;
  }

  /** Phase of a part that is under way. */
  phase(id: string): Phase | undefined {
    return this.#running.get(id)?.phase;
  }

  /** In the order they began. */
  running(): Running[] {
    return [...this.#running.values()].map((part) => this.#view(part));
  }

  #begin({ title, phase, detail, total, expectedMs }: Extract<PartEvent, { type: 'start' }>): Part {
    return {
      title,
      phase,
      began: phase,
      detail,
      total,
      expectedMs,
      bytes: undefined,
      since: this.#now(),
      samples: [],
    };
  }

  #advance(part: Part | undefined, event: Extract<PartEvent, { type: 'progress' }>): void {
    if (part === undefined) return;
    const { detail = part.detail, bytes = part.bytes, total = part.total, phase = part.phase } = event;
    Object.assign(part, { detail, bytes, total, phase });
    const at = this.#now();
    const last = part.samples.at(-1);
    if (bytes === undefined || (last !== undefined && at - last.at < SAMPLE_MS)) return;
    part.samples.push({ at, bytes });
    while (part.samples.length > 2 && at - (part.samples[0]?.at ?? at) > WINDOW_MS) part.samples.shift();
  }

  #view({ samples, since, expectedMs, began: _, ...part }: Part): Running {
    const elapsedMs = this.#now() - since;
    const rate = this.#rate(samples, part.bytes);
    return { ...part, rate, elapsedMs, leftMs: left(part, rate, elapsedMs, expectedMs) };
  }

  #rate([first]: Part['samples'], bytes: number | undefined): number | undefined {
    if (first === undefined || bytes === undefined) return undefined;
    const seconds = (this.#now() - first.at) / 1000;
    return seconds < 1 ? undefined : Math.max(0, (bytes - first.bytes) / seconds);
  }
}

/** By bytes where they come; else what it took the last time. Nothing once that is over. */
function left(
  { bytes, total }: { bytes: number | undefined; total: number | undefined },
  rate: number | undefined,
  elapsedMs: number,
  expectedMs: number | undefined,
): number | undefined {
  if (bytes !== undefined && total !== undefined && rate !== undefined && rate > 0)
    return (Math.max(0, total - bytes) / rate) * 1000;
  return expectedMs !== undefined && expectedMs > elapsedMs ? expectedMs - elapsedMs : undefined;
}

function finished(
  title: string,
  phase: Phase | undefined,
  { tookMs, bytes, cached = false }: Extract<PartEvent, { type: 'done' }>,
): Finished {
  return { title, phase, tookMs, bytes, cached };
}
