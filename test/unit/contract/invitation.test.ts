import { expect, test } from 'vitest';
import { formatInvitation, parseInvitation } from '../../../contract/invitation.ts';

const invitation = {
  box: '[fd00::1]:7443',
  pin: 'ab'.repeat(32),
  id: '0123456789abcdef',
  secret: 'x'.repeat(43),
};

test('an invitation is one line that can be read again, whatever its host', () => {
  for (const box of ['[fd00::1]:7443', '10.0.0.7:7443', 'box.example.org:7443'])
    expect(parseInvitation(`${formatInvitation({ ...invitation, box })}\n`)).toEqual({ ...invitation, box });
});

test.each([
  ['without a pin', formatInvitation({ ...invitation, pin: '' }), 'no pin'],
  ['with a pin cut short', formatInvitation({ ...invitation, pin: 'abcd' }), 'no pin'],
  ['as an address of plain HTTP', 'http://10.0.0.7:7443', 'neither a pin nor a secret'],
  ['of another version', formatInvitation(invitation).replace('cpiab1', 'cpiab2'), 'expected cpiab1'],
])('one %s is none', (_, text, why) => {
  expect(parseInvitation(text)).toContain(why);
});
