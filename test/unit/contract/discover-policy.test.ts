import { expect, test } from 'vitest';
import { DiscoverPolicySchema } from '../../../contract/discover-policy.ts';

test('a site that says nothing has a box that listens, and tells nobody that it is there', () => {
  expect(DiscoverPolicySchema.parse({})).toMatchObject({ mode: 'passive', announce: false });
});

test('who announces must listen too', () => {
  const result = DiscoverPolicySchema.safeParse({ mode: 'off', announce: true });
  expect(result.error?.issues).toMatchObject([{ path: ['announce'] }]);
  expect(DiscoverPolicySchema.safeParse({ mode: 'passive', announce: true }).success).toBe(true);
});
