import type { FitCheck } from '../../contract/assess.ts';
import { overlap } from '../../contract/site.ts';
import { checkIn } from './check.ts';
import type { Needs } from './needs.ts';
import type { Place } from './place.ts';

const check = checkIn('addresses');

/** What would be in two places at once. */
export function checkAddresses({ networks, addresses, hosts }: Needs, place: Place): FitCheck[] {
  return [
    ...networks.map(({ what, network }) => ofNetwork(what, network, place)),
    ...addresses.map(({ what, address }) => ofAddress(what, address, place)),
    ...hosts.map(({ what, address }) => ofHost(what, address, place)),
  ];
}

function ofNetwork(what: string, network: string, place: Place): FitCheck {
  const about = { what, needed: `${network}, free` };
  const id = `network/${network}`;
  const used = place.networks.filter((one) => isReal(one.network) && overlap(one.network, network));
  const standing = place.hosts.flatMap(({ addresses }) => addresses).filter((one) => overlap(one, network));
  const clash = [
    ...used.map((one) => `${one.network} (${one.from})`),
    ...standing.map((address) => `host ${address}`),
  ];
  if (clash.length > 0) return check(id, 'fail', { ...about, found: `overlaps with ${listed(clash)}` });
  if (place.networks.length === 0)
    return check(id, 'unknown', { ...about, found: 'no network of the place is known' });
  return check(id, 'pass', {
    ...about,
    found: `free of ${listed([...new Set(place.networks.map((one) => one.network))])}`,
  });
}

/** A default route leads everywhere, and is no network. */
const isReal = (network: string) => !network.endsWith('/0');

function ofAddress(what: string, address: string, { hosts, swept }: Place): FitCheck {
  const about = { what, needed: `${address}, free` };
  const id = `free/${address}`;
  const host = hosts.find(({ addresses }) => addresses.includes(address));
  if (host !== undefined)
    return check(id, 'fail', { ...about, found: `taken by ${host.names[0] ?? 'a host'}` });
  const looked = swept.some((network) => overlap(network, address));
  if (looked) return check(id, 'pass', { ...about, found: 'nobody answered there' });
  return check(id, 'unknown', { ...about, found: 'nobody has looked there' });
}

function ofHost(what: string, address: string, { hosts, swept }: Place): FitCheck {
  const about = { what, needed: `a machine at ${address} that serves nothing yet` };
  const id = `host/${address}`;
  const host = hosts.find(({ addresses }) => addresses.includes(address));
  if (host !== undefined)
    return check(id, host.services.length === 0 ? 'pass' : 'fail', {
      ...about,
      found: host.services.length === 0 ? 'there' : `serves ${listed(host.services)}`,
    });
  const looked = swept.some((network) => overlap(network, address));
  return check(id, looked ? 'fail' : 'unknown', {
    ...about,
    found: looked ? 'not there' : 'nobody has looked there',
  });
}

export const listed = (names: readonly string[]): string =>
  names.length <= 4 ? names.join(', ') : `${names.slice(0, 4).join(', ')} and ${names.length - 4} more`;
