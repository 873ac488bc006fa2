import type { ProgressSink } from '../contract/progress.ts';

/** What a command is given by the frame that runs it. */
export interface CliContext {
  /** Absolute path of the repository. */
  repository: string;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  /** Whether `--json` was given. */
  json: boolean;
  progress: ProgressSink;
  /** Prints a line on stderr without disturbing the progress display. */
  note(line: string): void;
  /** Prints the result on stdout: the document with `--json`, else the text. */
  print(document: unknown, text: string): void;
  /** Lets the command end with this status although it throws nothing. */
  exitWith(status: number): void;
}
