import { expect, test } from 'vitest';
import { findLink } from '../../../agent/node/link.ts';

const never = new AbortController().signal;

test('a box that no IPv4 address leads to is told, before anything is asked', async () => {
  for (const box of ['[2001:db8::1]:7443', 'no-such-host.invalid:7443'])
    await expect(findLink(box, never, 0)).rejects.toMatchObject({ code: 'E5509' });
});

test('a box on this machine is found by the address that leads there', async () => {
  expect(await findLink('127.0.0.1:7443', never, 0)).toEqual({
    box: '127.0.0.1',
    own: '127.0.0.1',
    device: 'lo',
  });
});
