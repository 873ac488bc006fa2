import type { MachineRole, SeedNetwork } from '../../contract/seed.ts';

/** Begins like a card's own name, so that the console shows its address. */
const vlanDevice = (id: number) => `envlan${id}`;

/**
 * Files for systemd-networkd that stand for a seed's network, by name; none where the usual ones will do. They
 * come before `20-lan.network`, which stays for all other cards. Source: systemd.network(5), systemd.netdev(5).
 */
export function networkFiles(network: SeedNetwork): Map<string, string> {
  const { interface: card, vlan } = network;
  if (card === undefined) return new Map();
  const match = card.mac === undefined ? `Name=${card.name}` : `MACAddress=${card.mac}`;
  // Physical cards only: what is made on top of one has its address too.
  const physical = `[Match]\nType=ether\nKind=!*\n${match}\n\n[Link]\nRequiredForOnline=no\n\n`;
  if (vlan === undefined) return new Map([['15-seed.network', physical + addressing(network)]]);
  const device = vlanDevice(vlan);
  const parent = `[Network]\nVLAN=${device}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n`;
  return new Map([
    ['15-seed.network', physical + parent],
    ['15-seed-vlan.netdev', `[NetDev]\nName=${device}\nKind=vlan\n\n[VLAN]\nId=${vlan}\n`],
    ['15-seed-vlan.network', `[Match]\nName=${device}\n\n${addressing(network)}`],
  ]);
}

/**
 * On a node the box's fixed address is the box's alone. What is left of the interface that carries it is the default
 * route, which kube-proxy wants on a machine that has no other; this comes before `10-cpiab0.network`.
 */
export function roleFiles(role: MachineRole): Map<string, string> {
  if (role === 'box') return new Map();
  const network = '[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n';
  const route = '[Route]\nDestination=0.0.0.0/0\nScope=link\nMetric=65535\n';
  return new Map([['05-node-cpiab0.network', `[Match]\nName=cpiab0\n\n${network}\n${route}`]]);
}

function addressing({ addresses, gateway }: SeedNetwork): string {
  if (addresses === undefined) return LEASE;
  const lines = [
    '[Network]',
    'DHCP=no',
    'IPv6AcceptRA=no',
    ...addresses.map((address) => `Address=${address}`),
    ...(gateway === undefined ? [] : [`Gateway=${gateway}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** As images/os/files/etc/systemd/network/20-lan.network has it. */
const LEASE = `[Network]
DHCP=yes

[DHCPv4]
ClientIdentifier=mac
UseDNS=no
UseNTP=no
UseHostname=no
UseDomains=no
SendHostname=yes

[DHCPv6]
UseDNS=no
UseNTP=no
UseHostname=no

[IPv6AcceptRA]
UseDNS=no
UseDomains=no
`;
