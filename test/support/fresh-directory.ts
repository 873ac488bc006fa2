import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/**
 * An empty directory for each test of the file.
 * @returns joins names to its path.
 */
export function freshDirectory(): (...names: string[]) => string {
  let path = '';
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'cpiab-'));
  });
  afterEach(() => rm(path, { recursive: true, force: true }));
  return (...names) => join(path, ...names);
}
