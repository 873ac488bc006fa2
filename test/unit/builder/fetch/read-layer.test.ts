import { expect, test } from 'vitest';
import { insideLayer, whiteoutOf } from '../../../../builder/fetch/read-layer.ts';

test.each([
  ['./usr/bin/', 'usr/bin'],
  ['/etc/motd', 'etc/motd'],
  ['usr/../etc/motd', 'etc/motd'],
  ['./', ''],
  ['../motd', null],
  ['usr/../../motd', null],
  ['..', null],
  ['..data/file', '..data/file'],
])('%s is at %j inside of a layer', (path, expected) => {
  expect(insideLayer(path)).toBe(expected);
});

test.each([
  ['etc/.wh.motd', { gone: 'etc/motd' }],
  ['.wh.tmp', { gone: 'tmp' }],
  ['etc/.wh..wh..opq', { opaque: 'etc' }],
  ['.wh..wh..opq', { opaque: '' }],
  ['etc/motd.wh.', null],
])('the whiteout %s hides %j', (path, expected) => {
  expect(whiteoutOf(path)).toEqual(expected);
});
