import { expect, test } from 'vitest';
import { newerTag } from '../../../../builder/registry/tags.ts';

test.each([
  ['v1.2.3', ['v1.2.3', 'v1.2.10', 'v1.3.0-rc.1', '1.4.0', 'latest'], 'v1.2.10'],
  ['4.0.19', ['4.0.19', '4.0.9', '4.1.0', '4.1', '5'], '4.1.0'],
  ['1.27-alpine', ['1.27-alpine', '1.29-alpine', '1.30', '1.31-perl'], '1.29-alpine'],
  ['2026.8.2', ['2026.8.2', '2025.12.1'], null],
  ['latest', ['latest', '1.0'], null],
  ['version-v0.9.1', ['version-v0.9.1', 'version-v0.10.0', 'v1.0.0'], 'version-v0.10.0'],
  ['3.6.8-0', ['3.6.8-0', '3.6.9-0'], null],
])('newer than %s', (tag, all, newest) => {
  expect(newerTag(tag, all)).toBe(newest);
});
