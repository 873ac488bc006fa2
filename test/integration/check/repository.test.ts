import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkRepository } from '../../../builder/check/check.ts';

const repository = join(import.meta.dirname, '../../..');
const date = new Date().toISOString().slice(0, 10);

test('this repository keeps its own rules, in its work tree and its history, found in 5 s of a processor', async () => {
  const { signal } = new AbortController();
  const before = process.cpuUsage();
  const { findings, sites } = await checkRepository({ repository, paths: [], date }, signal);
  expect(findings).toEqual([]);
  expect(sites).toEqual(expect.arrayContaining(['homelab', 'lab']));
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(5);
});
