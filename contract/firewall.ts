import type { Site } from './site.ts';

/** Why a packet was dropped: names of counters in `agent/files/etc/nftables.conf`, and what each means. */
export const dropReasons = {
  port: 'came from outside for a port that is not offered',
  node: 'came from a pod for a port of the box that is not offered to pods',
  invalid: 'belonged to no connection',
  spoofed: 'came from outside with an address of the cluster as its sender',
  chatter: 'was broadcast or multicast for others',
  unpublished: 'came from outside for a pod that publishes no such port',
  transit: 'wanted to pass through the box from outside to outside',
  egress: 'was on its way out from the box, and the site allows no such way',
  podEgress: 'was on its way out from a pod, and the site allows no such way',
  stray: 'was for a service that has no rules yet',
} as const;
export type DropReason = keyof typeof dropReasons;
/** Packets by reason, since the box was switched on. */
export type Dropped = Record<DropReason, number>;

export const dropReasonNames = Object.keys(dropReasons) as DropReason[];

export const nothingDropped = Object.fromEntries(dropReasonNames.map((name) => [name, 0])) as Dropped;

/** Packets that tried to leave: must stay 0 where the world is closed. */
export const triedToLeave = ({ egress, podEgress }: Dropped) => egress + podEgress;

/** What of the firewall depends on the site: elements of its sets. Source: nft(8), "Sets". */
export function firewallElements({ network }: Pick<Site, 'network'>): string {
  const { podCIDR, serviceCIDR, nodeAddress, egress, nameservers } = network;
  const allowed = egress.map(({ to, protocol, port }) => `${to} . ${protocol} . ${port}`);
  const names = nameservers.flatMap((server) => [`${server} . udp . 53`, `${server} . tcp . 53`]);
  const ways = [...new Set([...allowed, ...names])];
  const isV6 = (way: string) => way.includes(':');
  const sets = {
    cluster: [podCIDR, serviceCIDR, nodeAddress],
    outside4: ways.filter((way) => !isV6(way)),
    outside6: ways.filter(isV6),
  };
  return Object.entries(sets)
    .filter(([, elements]) => elements.length > 0)
    .map(([name, elements]) => `add element inet cpiab ${name} { ${elements.join(', ')} }\n`)
    .join('');
}
