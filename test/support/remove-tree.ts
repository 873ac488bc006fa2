import { rm } from 'node:fs/promises';

/** Removes a directory with what a process that ends at this moment may still write into it. */
export const removeTree = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
