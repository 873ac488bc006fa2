import { expect, test } from 'vitest';
import { nearest } from '../../../../contract/document/nearest.ts';

const keys = ['apiVersion', 'bundle', 'bundles', 'engine', 'media'];

test.each([
  ['bundel', 'bundle'],
  ['apiversion', 'apiVersion'],
  ['Media', 'media'],
  ['enigne', 'engine'],
])('%s means %s', (word, key) => {
  expect(nearest(word, keys)).toBe(key);
});

test.each(['colour', 'x', 'replicas'])('%s is near nothing', (word) => {
  expect(nearest(word, keys)).toBeUndefined();
});

test('nothing is near when there is nothing', () => {
  expect(nearest('bundle', [])).toBeUndefined();
});
