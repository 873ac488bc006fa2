import { describe, expect, test } from 'vitest';
import { checkGrant } from '../../../../agent/join/check-grant.ts';
import type { Grant } from '../../../../contract/enroll.ts';
import { startBox } from '../../../support/enroll/box.ts';

/** A grant as a box makes it, and what its node holds it against. */
async function granted() {
  const box = await startBox();
  const { member, store } = await box.member('a');
  const { key } = await store.key();
  return { grant: member.grant, expected: { ...member, key, before: null, now: Date.now() }, box };
}

describe('a node takes no certificate', () => {
  test.each<[string, (grant: Grant, other: Grant) => Partial<Grant>, string]>([
    ['of another key', (_, other) => ({ ...other }), 'another key'],
    ['of another name', () => ({ trustDomain: 'evil.example' }), 'it names'],
    ['by another authority', (_, { chain, root }) => ({ chain, root }), 'has not signed'],
    ['by an authority of another root', (_, { root }) => ({ root }), 'not of the root'],
    ['with a log of another box', (_, { seal, checkpoint }) => ({ seal, checkpoint }), 'another key'],
  ])('%s', async (_, change, why) => {
    const { grant, expected } = await granted();
    const { grant: other } = await granted();
    const wrong = { ...grant, ...change(grant, other) };
    expect(() => checkGrant(wrong, expected)).toThrow(
      expect.objectContaining({ code: 'E2509', message: expect.stringContaining(why) }),
    );
  });

  test('but the one that was made for it', async () => {
    const { grant, expected } = await granted();
    expect(() => checkGrant(grant, expected)).not.toThrow();
  });
});
