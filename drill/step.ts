import type { Drill } from './drill.ts';

/** One step: what it does, and the way back. Both may be cut off at any point and begun again. */
export interface Step {
  /** One line for people. */
  title: string;
  /** @returns what it found out, for the journal and the report. */
  run: (drill: Drill) => Promise<unknown>;
  /** Absent where there is nothing to take back. */
  back?: (drill: Drill) => Promise<void>;
}
