import { expect, test } from 'vitest';
import { networkFiles } from '../../../../agent/seed/networkd.ts';

test('a seed without a card leaves the network as it is', () => {
  expect(networkFiles({})).toEqual(new Map());
});

test('fixed addresses are on one physical card, and nothing else gives it any', () => {
  const files = networkFiles({
    interface: { mac: '52:54:00:ab:cd:ef' },
    addresses: ['192.0.2.7/24', '2001:db8::7/64'],
    gateway: '192.0.2.1',
  });
  expect([...files.keys()]).toEqual(['15-seed.network']);
  const lines = files.get('15-seed.network')?.split('\n');
  expect(lines?.slice(0, 4)).toEqual(['[Match]', 'Type=ether', 'Kind=!*', 'MACAddress=52:54:00:ab:cd:ef']);
  expect(lines).toEqual(
    expect.arrayContaining(['DHCP=no', 'IPv6AcceptRA=no', 'Address=192.0.2.7/24', 'Gateway=192.0.2.1']),
  );
});

test('in a VLAN the card itself has no address, and the VLAN has a lease', () => {
  const files = networkFiles({ interface: { name: 'en*' }, vlan: 30 });
  expect(files.get('15-seed.network')).toContain('Name=en*\n');
  expect(files.get('15-seed.network')).toContain('VLAN=envlan30\nLinkLocalAddressing=no');
  expect(files.get('15-seed.network')).not.toContain('DHCP=yes');
  expect(files.get('15-seed-vlan.netdev')).toBe('[NetDev]\nName=envlan30\nKind=vlan\n\n[VLAN]\nId=30\n');
  expect(files.get('15-seed-vlan.network')).toMatch(/^\[Match\]\nName=envlan30\n\n\[Network\]\nDHCP=yes/);
});
