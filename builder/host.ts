import type { ProgressSink } from '../contract/progress.ts';
import type { Cache } from '../host/cache.ts';

/** What every stage of a build needs from outside. */
export interface BuildHost {
  /** Absolute path of the repository. */
  repository: string;
  cache: Cache;
  progress: ProgressSink;
  signal: AbortSignal;
  /** Folder, absolute, from which published parts are taken instead of from where they are published. */
  from?: string | undefined;
  /** Keeps a tool's full output; returns the log's path. */
  writeLog(name: string, text: string): Promise<string>;
}
