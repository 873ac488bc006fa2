import { z } from 'zod';
import { run } from '../../host/process.ts';
import { matches } from '../glob.ts';
import { contains, type Network, networkOf } from './ipv4.ts';

/** A link that the site lets the box look at. */
export interface Link {
  name: string;
  /** Another one when the card was taken out and put in again. */
  index: number;
  mac: string;
  /** The box's own addresses on it. */
  own: readonly string[];
  networks: readonly Network[];
  /** Address to send multicasts from; undefined without IPv4. */
  ipv4: string | undefined;
  hasIpv6: boolean;
}

/** `ip -json -details address show`. Source: ip-address(8), iproute2 6. */
const AddressesSchema = z.array(
  z.object({
    ifindex: z.number(),
    ifname: z.string(),
    link_type: z.string(),
    address: z.string().default(''),
    flags: z.array(z.string()),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
    addr_info: z
      .array(
        z.object({
          family: z.string(),
          local: z.string().default(''),
          prefixlen: z.number(),
          tentative: z.boolean().default(false),
        }),
      )
      .default([]),
  }),
);
type Described = z.infer<typeof AddressesSchema>[number];

/**
 * Links that are up and that the site names.
 * @param wanted patterns of names; undefined for every card, which is an Ethernet link without a kind: pods' links,
 *   bridges and the node's own dummy have one.
 */
export async function readLinks(wanted: readonly string[] | undefined, signal: AbortSignal): Promise<Link[]> {
  const { stdout } = await run(['ip', '-json', '-details', 'address', 'show'], { signal });
  return AddressesSchema.parse(JSON.parse(stdout))
    .filter(
      ({ flags, link_type }) => link_type === 'ether' && flags.includes('UP') && !flags.includes('NOARP'),
    )
    .filter((link) => isWanted(link, wanted))
    .map(linkOf);
}

function isWanted({ ifname, linkinfo }: Described, wanted: readonly string[] | undefined): boolean {
  if (wanted === undefined) return linkinfo?.info_kind === undefined;
  return wanted.some((pattern) => matches(pattern, ifname));
}

function linkOf({ ifname, ifindex, address, addr_info: all }: Described): Link {
  const ipv4 = all.filter(({ family }) => family === 'inet');
  return {
    name: ifname,
    index: ifindex,
    mac: address,
    own: all.map(({ local }) => local),
    networks: ipv4.map(({ local, prefixlen }) => networkOf(`${local}/${prefixlen}`)),
    ipv4: ipv4[0]?.local,
    hasIpv6: all.some(({ family, tentative }) => family === 'inet6' && !tentative),
  };
}

/** Whether a host with this source address stands on the link itself (RFC 6762 section 11). */
export function isOnLink({ name, networks }: Pick<Link, 'name' | 'networks'>, source: string): boolean {
  const [address = '', scope] = source.split('%');
  if (address.includes(':')) return /^fe[89ab]/i.test(address) && scope === name;
  return networks.some((network) => contains(network, address));
}
