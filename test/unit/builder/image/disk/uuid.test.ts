import { expect, test } from 'vitest';
import { uuidOf } from '../../../../../builder/image/disk/uuid.ts';

test('uuidOf gives the same identifier again, and another for another name', () => {
  const ids = (name: string) => ['disk', 'esp', 'data'].map((part) => uuidOf(name, part));
  expect(ids('one')).toEqual(ids('one'));
  expect(new Set([...ids('one'), ...ids('other')]).size).toBe(6);
  // RFC 9562: version 8, variant 10.
  for (const uuid of ids('one'))
    expect(uuid).toMatch(/^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-/);
});
