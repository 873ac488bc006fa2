import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Phase, ProgressEvent, ProgressSink } from '../contract/progress.ts';
import { type Cache, keyDigest, stableJson } from '../host/cache.ts';
import { ensureDirectory, writeAtomic } from '../host/files.ts';

const TimesSchema = z.record(
  z.string(),
  z.object({
    /** The last time. */
    tookMs: z.int().nonnegative(),
    /** The longest ever: as with nothing of the compiler's own cache to use. */
    longestMs: z.int().nonnegative(),
    /** Bytes that came in that time; 0 for what is no download. */
    bytes: z.int().nonnegative(),
  }),
);

/** How long each part of a build took on this machine, by the part's id. */
export type Times = z.infer<typeof TimesSchema>;

/** Caches may be shared: times are of one kind of machine. */
function timesPath(cache: Cache): string {
  const machine = { model: cpus()[0]?.model ?? '', cores: availableParallelism() };
  return join(cache.root, 'times', `${keyDigest('times', machine).slice(0, 16)}.json`);
}

/** What is known of this machine; nothing where it is the first build, or the file is damaged. */
export async function readTimes(cache: Cache): Promise<Times> {
  const text = await readFile(timesPath(cache), 'utf8').catch(() => '{}');
  try {
    return TimesSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Passes progress on, with what parts took before, and notes what they take now. */
export class Stopwatch {
  readonly #cache: Cache;
  readonly #times: Times;
  readonly #fresh: Times = {};
  #saving: Promise<void> = Promise.resolve();
  readonly #phases = new Map<string, Phase | undefined>();

  constructor(cache: Cache, times: Times) {
    this.#cache = cache;
    this.#times = times;
  }

  watch(sink: ProgressSink): ProgressSink {
    return (event) => sink(this.#note(event));
  }

  /** Waits until what was measured is kept. Where the cache can't be written the build itself says so. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  /** Adds what was measured to what is known: after each part, as a build may be killed. Of two at once one may win. */
  async #save(): Promise<void> {
    await ensureDirectory(join(this.#cache.root, 'times'));
    const all = { ...(await readTimes(this.#cache)), ...this.#fresh };
    await writeAtomic(timesPath(this.#cache), `${stableJson(all, 1)}\n`);
  }

  #note(event: ProgressEvent): ProgressEvent {
    if (event.type === 'start') {
      this.#phases.set(event.id, event.phase);
      const expectedMs = this.#times[event.id]?.tookMs;
      return expectedMs === undefined || event.total !== undefined ? event : { ...event, expectedMs };
    }
    if (event.type === 'done' && event.cached !== true) this.#measured(event);
    return event;
  }

  #measured({ id, tookMs, bytes = 0 }: Extract<ProgressEvent, { type: 'done' }>): void {
    const longestMs = Math.max(tookMs, this.#times[id]?.longestMs ?? 0);
    const isDownload = this.#phases.get(id) === 'download';
    this.#fresh[id] = { tookMs, longestMs, bytes: isDownload ? bytes : 0 };
    this.#saving = this.#saving.then(() => this.#save()).catch(() => {});
  }
}
