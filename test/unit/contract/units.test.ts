import { expect, test } from 'vitest';
import { formatBytes, formatDuration, parseBytes } from '../../../contract/units.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [9949, '9.9 kB'],
  [10_000, '10 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [161_000_000, '161 MB'],
  [5e15, '5000 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0.0 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 00 s'],
  [307_000, '5 min 07 s'],
  [3_599_600, '1 h 00 min'],
  [3_720_000, '1 h 02 min'],
])('%d milliseconds are %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test.each([
  ['4294967295', 2 ** 32 - 1],
  ['4G', 4e9],
  ['4gb', 4e9],
  ['4 GiB', 2 ** 32],
  ['1.5MB', 1_500_000],
  ['700KB', 700_000],
  ['', null],
  ['4X', null],
  ['-1GB', null],
  ['1e9', null],
  ['4GiBs', null],
])('the size %j is %s bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});
