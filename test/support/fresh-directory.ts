import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { removeTree } from './remove-tree.ts';

/**
 * An empty directory for each test of the file.
 * @returns joins names to its path.
 */
export function freshDirectory(): (...names: string[]) => string {
  return directoryFor(beforeEach, afterEach);
}

/**
 * One directory for all tests of the file.
 * @returns joins names to its path.
 */
export function keptDirectory(): (...names: string[]) => string {
  return directoryFor(beforeAll, afterAll);
}

function directoryFor(before: typeof beforeAll, after: typeof afterAll): (...names: string[]) => string {
  let path = '';
  before(async () => {
    path = await mkdtemp(join(tmpdir(), 'cpiab-'));
  });
  after(() => removeTree(path));
  return (...names) => join(path, ...names);
}
