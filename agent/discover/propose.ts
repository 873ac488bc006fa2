import type { ProposalRule } from '../../contract/discover-policy.ts';
import type { Host, Proposal, Service } from '../../contract/inventory.ts';
import { matches } from '../glob.ts';
import { contains, networkOf } from './ipv4.ts';

/** The service that a proposal is about; enrolling is about the host itself. */
const about: Record<ProposalRule['propose'], string | null> = {
  join: null,
  nfs: 'nfs',
  dns: 'dns',
  registry: 'registry',
};
/** What mDNS calls some of the services that a probe recognises (IANA's service names). */
const otherNames: Record<string, string> = { domain: 'dns' };

/** What the site's rules make of the inventory. Pure: nothing is done here, and by nobody else either. */
export function proposals(rules: readonly ProposalRule[], hosts: readonly Host[]): Proposal[] {
  return hosts
    .filter(({ state }) => state === 'seen')
    .flatMap((host) =>
      rules.filter(({ when }) => fits(when, host)).flatMap((rule) => proposalsOf(rule, host)),
    );
}

function proposalsOf({ name: rule, propose, when }: ProposalRule, host: Host): Proposal[] {
  const wanted = about[propose];
  const address = host.addresses.find((each) => isIn(when.network, each)) ?? host.id;
  if (wanted === null) return [{ rule, propose, host: host.id, target: address, confidence: 'answered' }];
  const offered = host.services.filter((service) => nameOf(service) === wanted);
  const best = new Map<number, Service>();
  for (const service of offered)
    if (rank(service) >= rank(best.get(service.port))) best.set(service.port, service);
  return [...best.values()].map(({ port, confidence }) => ({
    ...{ rule, propose, host: host.id, confidence },
    target: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
  }));
}

const nameOf = ({ name }: Service) => otherNames[name] ?? name;
const rank = (service: Service | undefined) =>
  service === undefined ? -1 : ['claimed', 'answered', 'recognised'].indexOf(service.confidence);

const isIn = (network: string | undefined, address: string) =>
  network === undefined || contains(networkOf(network), address);

function fits({ link, network, name, mac, service }: ProposalRule['when'], host: Host): boolean {
  return [
    link === undefined || matches(link, host.link),
    host.addresses.some((address) => isIn(network, address)),
    name === undefined || host.names.some((each) => matches(name, each)),
    mac === undefined || `${host.mac}:`.startsWith(`${mac}:`),
    service === undefined || host.services.some((each) => matches(service, each.name)),
  ].every(Boolean);
}
