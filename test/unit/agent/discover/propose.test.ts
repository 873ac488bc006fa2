import { expect, test } from 'vitest';
import { proposals } from '../../../../agent/discover/propose.ts';
import { DiscoverPolicySchema } from '../../../../contract/discover-policy.ts';
import type { Host, Service } from '../../../../contract/inventory.ts';

const service = (name: string, port: number, more: Partial<Service> = {}): Service => ({
  ...{ name, protocol: 'tcp', port, detail: '', source: 'probe', confidence: 'recognised' },
  ...more,
});
const nas: Host = {
  ...{ id: 'mac:00:11:32:00:00:07', mac: '00:11:32:00:00:07', link: 'eth0', state: 'seen' },
  ...{ addresses: ['10.0.0.7', 'fe80::7'], names: ['nas-2'], evidence: ['arp'] },
  ...{ firstSeen: '2026-11-22T04:00:00.000Z', lastSeen: '2026-11-22T04:00:00.000Z' },
  services: [service('nfs', 2049), service('nfs', 2049, { source: 'mdns', confidence: 'claimed' })],
};
const rules = (...propose: object[]) => DiscoverPolicySchema.parse({ propose }).propose;

test('a rule proposes what a host offers, once, with the best that is known of it', () => {
  const [rule] = rules({ name: 'storage', propose: 'nfs', when: { name: 'nas*', network: '10.0.0.0/24' } });
  expect(proposals(rule === undefined ? [] : [rule], [nas])).toEqual([
    {
      ...{ rule: 'storage', propose: 'nfs', host: nas.id },
      ...{ target: '10.0.0.7:2049', confidence: 'recognised' },
    },
  ]);
});

test.each([
  [{ name: 'nas*' }, true],
  [{ name: 'nas' }, false],
  [{ mac: '00:11:32' }, true],
  [{ mac: '00:11:3' }, false],
  [{ mac: '00:11:33' }, false],
  [{ network: '10.0.1.0/24' }, false],
  [{ link: 'eth*', service: 'nfs' }, true],
  [{ link: 'eth*', service: 'smb' }, false],
  [{ link: 'wlan*' }, false],
])('when %o: %s', (when, fits) => {
  const parsed = DiscoverPolicySchema.safeParse({ propose: [{ name: 'r', propose: 'join', when }] });
  expect(parsed.success && proposals(parsed.data.propose, [nas]).length === 1).toBe(fits);
});

test('DNS is known by the name that mDNS has for it too', () => {
  const found = proposals(rules({ name: 'names', propose: 'dns', when: { link: 'eth0' } }), [
    { ...nas, services: [service('domain', 53, { protocol: 'udp', source: 'mdns', confidence: 'claimed' })] },
  ]);
  expect(found).toMatchObject([{ target: '10.0.0.7:53', confidence: 'claimed' }]);
});

test('nothing is proposed of a host that is not seen, or that lacks the service', () => {
  const all = rules(
    { name: 'a', propose: 'join', when: { link: '*' } },
    { name: 'b', propose: 'registry', when: { link: '*' } },
  );
  expect(proposals(all, [{ ...nas, state: 'not-seen' }])).toEqual([]);
  expect(proposals(all, [nas]).map(({ rule }) => rule)).toEqual(['a']);
});

test('a rule without a condition is refused: it would propose whoever comes', () => {
  expect(() => rules({ name: 'all', propose: 'join', when: {} })).toThrow('expected at least one condition');
});
