import { join } from 'node:path';
import type { ProgressSink } from '../contract/progress.ts';
import { Cache } from '../host/cache.ts';
import { writeAtomic } from '../host/files.ts';

/** What every stage of a build needs from outside. */
export interface BuildHost {
  /** Absolute path of the repository. */
  repository: string;
  cache: Cache;
  progress: ProgressSink;
  signal: AbortSignal;
  /** Keeps a tool's full output; returns the log's path. */
  writeLog(name: string, text: string): Promise<string>;
}
