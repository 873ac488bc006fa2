import { open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { stepNames } from '../contract/drill/steps.ts';

/** One line of `journal.jsonl`. */
const EntrySchema = z.strictObject({
  /** Milliseconds since the epoch. */
  time: z.number(),
  step: z.enum(stepNames),
  event: z.enum(['begun', 'done', 'failed', 'back', 'fault']),
  /** What it found out or did. */
  result: z.unknown(),
});
export type JournalEntry = z.infer<typeof EntrySchema>;
export type StepEvent = JournalEntry['event'];

/** What a drill has done, on the disk before it goes on: a process that is killed is followed by one that reads it. */
export class Journal {
  readonly #path: string;
  readonly #entries: JournalEntry[];

  private constructor(path: string, entries: JournalEntry[]) {
    this.#path = path;
    this.#entries = entries;
  }

  /** To be written on: what was cut off in its last line was never done, and goes. */
  static async open(path: string): Promise<Journal> {
    const file = await open(path, 'a+', 0o644);
    try {
      await file.truncate(Buffer.byteLength(wholeLines(await file.readFile('utf8'))));
    } finally {
      await file.close();
    }
    return await Journal.read(path);
  }

  /** To be looked at. */
  static async read(path: string): Promise<Journal> {
    const lines = wholeLines(await readFile(path, 'utf8')).split('\n');
    const entries = lines.filter((line) => line !== '').map((line) => EntrySchema.parse(JSON.parse(line)));
    return new Journal(path, entries);
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  async add(step: JournalEntry['step'], event: StepEvent, result: unknown = null): Promise<void> {
    const entry: JournalEntry = { time: Date.now(), step, event, result };
    const file = await open(this.#path, 'a');
    try {
      await file.write(`${JSON.stringify(entry)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    this.#entries.push(entry);
  }

  /** Whether it was reported how it has ended, there or back, and nothing was begun since. */
  get isOver(): boolean {
    const last = (step: string | null, event: StepEvent) =>
      this.#entries.findLastIndex((entry) => entry.event === event && (step === null || entry.step === step));
    return last('close.report', 'done') > last(null, 'failed');
  }

  /** The last that happened to a step, other than faults. */
  stateOf(step: JournalEntry['step']): StepEvent | null {
    return this.#entries.findLast((entry) => entry.step === step && entry.event !== 'fault')?.event ?? null;
  }

  /** What a step found out. @throws Error when it is not done. */
  resultOf<Result>(step: JournalEntry['step']): Result {
    const entry = this.#entries.findLast((one) => one.step === step && one.event === 'done');
    if (entry === undefined) throw new Error(`step ${step} is not done`);
    return entry.result as Result;
  }

  /** When a fault, by its place among the scenario's, was injected; null when it was not. */
  injectedAt(index: number): number | null {
    const entry = this.#entries.find(
      ({ event, result }) => event === 'fault' && (result as { index: number }).index === index,
    );
    return entry?.time ?? null;
  }
}

const wholeLines = (text: string) => text.slice(0, text.lastIndexOf('\n') + 1);
