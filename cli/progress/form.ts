import type { ProgressSink } from '../../contract/progress.ts';

/** `live`: a table that redraws itself; `plain`: one line for each start and end; `json`: one event a line. */
export type ProgressForm = 'live' | 'plain' | 'json';

export interface Presenter {
  sink: ProgressSink;
  /** Prints a line for good. */
  note(line: string): void;
  /** Lets somebody else write to the same terminal. */
  aside(write: () => void): void;
  /**
   * Gives the terminal back as it was.
   * @param whole whether the work came to its end: then it is summed up.
   */
  close(whole: boolean): void;
}

export interface PresentOptions {
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  /** Whether the person wants to stop: parts that end by that have not failed. */
  stopped: () => boolean;
}

/** The form that suits a stream: a live table only where a person watches. */
export function progressForm(
  json: boolean,
  stream: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
): ProgressForm {
  if (json) return 'json';
  return stream.isTTY && !env['CI'] && env['TERM'] !== 'dumb' ? 'live' : 'plain';
}
