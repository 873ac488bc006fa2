import { expect, test } from 'vitest';
import { clientOf } from '../../../../agent/api/client-address.ts';
import { TokenBuckets } from '../../../../agent/api/token-buckets.ts';

test('a client has its burst at once, then its rate, and is told how long to wait', () => {
  let now = 0;
  const buckets = new TokenBuckets({ burst: 3, perSecond: 0.5 }, 10, () => now);
  expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([0, 0, 0, 2]);
  expect(buckets.take('b')).toBe(0);
  now = 1999;
  expect(buckets.take('a')).toBe(1);
  now = 2000;
  expect(buckets.take('a')).toBe(0);
  now = 1e9;
  expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([0, 0, 0, 2]);
});

test('20,000 clients take no more room than the table has, and who is active is not forgotten', () => {
  const buckets = new TokenBuckets({ burst: 1, perSecond: 0.001 }, 100, () => 0);
  buckets.take('active');
  for (let client = 0; client < 20_000; client++) {
    buckets.take(String(client));
    if (client % 50 === 0) expect(buckets.take('active')).toBeGreaterThan(0);
  }
  expect(buckets.size).toBe(100);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1:2:3:4:5:6::', '1:2:3:4::/64'],
  [undefined, 'unknown'],
])('%s counts as %s', (address, client) => {
  expect(clientOf(address)).toBe(client);
});
