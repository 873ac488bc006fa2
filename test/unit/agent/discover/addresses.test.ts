import { expect, test } from 'vitest';
import { linkLocalOf } from '../../../../agent/discover/eui64.ts';
import { contains, hostsOf, ipv4Number, networkOf, networkText } from '../../../../agent/discover/ipv4.ts';
import { isOnLink } from '../../../../agent/discover/links.ts';
import { parseArpTable } from '../../../../agent/discover/neighbours.ts';
import { matches } from '../../../../agent/glob.ts';

test.each([
  ['192.0.2.77/24', '192.0.2.0/24', 254, '192.0.2.1', '192.0.2.254'],
  ['192.0.2.77/22', '192.0.0.0/22', 1022, '192.0.0.1', '192.0.3.254'],
  ['192.0.2.77/31', '192.0.2.76/31', 2, '192.0.2.76', '192.0.2.77'],
  ['192.0.2.77/32', '192.0.2.77/32', 1, '192.0.2.77', '192.0.2.77'],
])('%s is %s, with %i addresses for hosts', (text, network, count, first, last) => {
  const hosts = [...hostsOf(networkOf(text))];
  expect([networkText(networkOf(text)), hosts.length, hosts[0], hosts.at(-1)]).toEqual([
    network,
    count,
    first,
    last,
  ]);
});

test.each(['10.0.0', '10.0.0.256', '10.0.0.1.2', 'fe80::1', '10.0.0.0x1', ''])(
  '%s is no IPv4 address',
  (text) => {
    expect([ipv4Number(text), contains(networkOf('0.0.0.0/0'), text)]).toEqual([Number.NaN, false]);
  },
);

test('a card makes its link-local address of its hardware address', () => {
  // The example of RFC 4291 appendix A, with the address of its card.
  expect(linkLocalOf('34:56:78:9a:bc:de')).toBe('fe80::3656:78ff:fe9a:bcde');
});

test.each([
  ['eth*', 'eth0', true],
  ['eth*', 'veth0', false],
  ['*nas*', 'the-NAS-2', true],
  ['a*b*b', 'ab', false],
  ['a*b*b', 'abb', true],
  ['a*a', 'a', false],
  ['*', '', true],
  ['nas.local', 'nasxlocal', false],
])('%s fits %s: %s', (pattern, text, fits) => {
  expect(matches(pattern, text)).toBe(fits);
});

test('a pattern of many stars takes no time to fail', () => {
  const began = performance.now();
  expect(matches(`${'a*'.repeat(30)}b`, 'a'.repeat(5000))).toBe(false);
  expect(performance.now() - began).toBeLessThan(1000);
});

test('only who stands on the link itself is listened to', () => {
  const link = { name: 'eth0', networks: [networkOf('192.0.2.1/24')] };
  expect(
    ['192.0.2.9', '192.0.3.9', 'fe80::1%eth0', 'fe80::1%eth1', 'fe80::1', '2001:db8::1%eth0'].map((source) =>
      isOnLink(link, source),
    ),
  ).toEqual([true, false, true, false, false, false]);
});

test('in the kernel’s table an entry without a hardware address is one that is being asked', () => {
  const table = `IP address       HW type     Flags       HW address            Mask     Device
10.9.0.7         0x1         0x2         b6:0f:cc:09:47:d8     *        eth0
10.9.0.8         0x1         0x0         00:00:00:00:00:00     *        eth0
10.9.0.9         0x1         0x2         00:00:00:00:00:00     *        eth0
`;
  expect(parseArpTable(table)).toEqual([
    { link: 'eth0', address: '10.9.0.7', mac: 'b6:0f:cc:09:47:d8' },
    { link: 'eth0', address: '10.9.0.8', mac: null },
    { link: 'eth0', address: '10.9.0.9', mac: null },
  ]);
});
