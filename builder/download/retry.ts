import { setTimeout as sleep } from 'node:timers/promises';

/** Something that may go well if it is tried again. */
export class Retryable extends Error {
  override readonly name = 'Retryable';
  /** Milliseconds the other side asked to be left alone for. */
  readonly waitMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { waitMs?: number | undefined } = {}) {
    super(message, options);
    this.waitMs = options.waitMs;
  }
}

export interface RetryOptions {
  signal: AbortSignal;
  /** Pauses before each further try, milliseconds. */
  pauses?: readonly number[];
  /** A number from 0 to 1, so that many who wait don't come back together. */
  random?: () => number;
  /** Whether the try that failed brought something: then the count starts again. */
  progressed?: () => boolean;
}

const PAUSES = [500, 1000, 2000, 4000, 8000];
/** Nobody waits longer than this for one answer, whatever the other side asks for. */
const LONGEST_MS = 60_000;

/**
 * Does a thing until it goes well or there are no tries left.
 * @throws what the last try threw, and at once whatever isn't Retryable.
 */
export async function withRetries<Result>(
  work: () => Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  const { signal, pauses = PAUSES, random = Math.random, progressed = () => false } = options;
  for (let tried = 0; ; tried++) {
    signal.throwIfAborted();
    const failure = await retryable(work, signal);
    if (!(failure instanceof Retryable)) return failure.result;
    if (progressed()) tried = 0;
    const pause = pauses[tried];
    if (pause === undefined) throw failure;
    const wait = failure.waitMs ?? pause * (0.5 + random() / 2);
    await sleep(Math.min(wait, LONGEST_MS), undefined, { signal });
  }
}

/** The result, or why to try again. @throws every other failure. */
async function retryable<Result>(work: () => Promise<Result>, signal: AbortSignal) {
  try {
    return { result: await work() };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Retryable) return error;
    throw error;
  }
}

/** Milliseconds of a `Retry-After` header. Source: RFC 9110 section 10.2.3. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
