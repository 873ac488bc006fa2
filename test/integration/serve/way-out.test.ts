import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../host/process.ts';

const repository = resolve(import.meta.dirname, '../../..');
const child = join(repository, 'test/support/serve/way-out-child.ts');

test("a box's wall lets a pull out to one port of one address, for as long as it takes", async () => {
  const { stdout } = await run(['unshare', '--net', process.execPath, child]);
  const { shut, open, failed, after } = JSON.parse(stdout) as Record<
    string,
    { meant: number; other: number }
  >;
  expect(shut?.meant).toBeGreaterThan(0);
  expect(open?.meant).toBe(0);
  expect(open?.other).toBeGreaterThan(0);
  expect(failed).toBe('the work failed');
  expect(after?.meant).toBeGreaterThan(0);
});
