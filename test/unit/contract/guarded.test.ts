import { expect, test } from 'vitest';
import { isGuarded } from '../../../contract/guarded.ts';

test.each([
  ['https://registry.example.org', true],
  ['http://localhost:5000', true],
  ['http://127.8.0.1', true],
  ['http://127.1', true],
  ['http://[::1]:5000', true],
  ['http://registry.example.org', false],
  ['http://127.0.0.1.example.org', false],
  ['http://localhost.example.org', false],
  ['http://user@128.0.0.1', false],
  ['ftp://localhost', false],
])('%s: guarded is %s', (address, expected) => {
  expect(isGuarded(new URL(address))).toBe(expected);
});
