import { isBelow, routeLabel } from '../../contract/route.ts';
import { kindOf, recordsIn } from '../closed/object.ts';
import type { Finding } from '../finding.ts';
import { isOpen } from '../world/substitute.ts';
import type { Written } from '../world/world.ts';
import type { Check, RuleContext } from './context.ts';
import { inner } from './pod-specs.ts';

/** Browsers are to trust each host, and the box gives certificates within its domain only. */
export const checkRoutes: Check = (context) =>
  context.world.objects
    .filter(({ object, partial }) => !partial && kindOf(object) === 'networking.k8s.io/Ingress')
    .flatMap((written) => ofIngress(written, context));

function ofIngress(written: Written, { site, also }: RuleContext): Finding[] {
  const { object, source, file, way } = written;
  const question: Question = {
    isApplied: !also.includes(way[0] ?? ''),
    domain: object.metadata?.labels?.[routeLabel.key] === routeLabel.value ? site.network.domain : null,
    certified: certifiedBy(object),
  };
  return recordsIn(inner(object, 'spec')['rules']).flatMap(({ host }, index): Finding[] => {
    const what = typeof host === 'string' ? wrongWith(host, question) : null;
    const line = source.lineOf(['spec', 'rules', index, 'host']);
    const name = `Ingress/${object.metadata?.name ?? ''}`;
    return what === null ? [] : [{ rule: 'route-host', file, line, what, object: name }];
  });
}

interface Question {
  isApplied: boolean;
  /** Of the box, where it gives the certificate. */
  domain: string | null;
  certified: ReadonlySet<string>;
}

function wrongWith(host: string, { isApplied, domain, certified }: Question): string | null {
  if (isOpen(host))
    return isApplied ? `host ${host} has a variable that its Flux Kustomization does not set` : null;
  if (domain !== null && !isBelow(host, domain))
    return `the box gives no certificate for ${host}, which is not below ${domain}`;
  return isCertified(host, certified) ? null : `no entry of \`tls\` names a Secret for ${host}`;
}

/** Hosts that have a Secret. */
const certifiedBy = (ingress: Written['object']): Set<string> =>
  new Set(
    recordsIn(inner(ingress, 'spec')['tls']).flatMap(({ hosts, secretName }) =>
      secretName === undefined || !Array.isArray(hosts) ? [] : hosts.map(String),
    ),
  );

/** A wildcard stands for one label. Source: RFC 6125 section 6.4.3. */
const isCertified = (host: string, names: ReadonlySet<string>) =>
  names.has(host) || names.has(host.replace(/^[^.]+/, '*'));
