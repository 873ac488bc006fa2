import type { FitCheck } from '../../contract/assess.ts';
import { overlap } from '../../contract/site.ts';
import { checkIn } from './check.ts';
import type { Needs, ServiceNeed } from './needs.ts';
import type { Place, Sighting } from './place.ts';

const check = checkIn('services');

/** Services of the place that what moves can't do without. */
export function checkServices({ services, beyond }: Needs, place: Place): FitCheck[] {
  return [
    ...services.map((service) => ofService(service, place)),
    ...beyond.map((to) =>
      check(`beyond/${to}`, 'unknown', {
        ...{ what: 'way out', needed: to, found: 'not measured', required: false },
      }),
    ),
  ];
}

function ofService(need: ServiceNeed, place: Place): FitCheck {
  const { service, address, protocol, port, from } = need;
  const about = {
    what: `${service ?? 'service'} for ${from}`,
    needed: `${address}, ${protocol} port ${port}`,
  };
  const id = `${service ?? protocol}/${address}:${port}`;
  const [result, found] = seen(need, place);
  return check(id, result, { ...about, found });
}

type Found = [FitCheck['result'], string];

function seen(need: ServiceNeed, place: Place): Found {
  const { address, port } = need;
  const there = place.sightings.filter((one) => one.address === address && one.port === port);
  // mDNS and a probe may both tell of it.
  const best = there.find(({ confidence }) => confidence === 'recognised') ?? there[0];
  return best === undefined ? unseen(need, place) : answered(need.service, best);
}

function answered(wanted: string | null, { service, confidence }: Sighting): Found {
  if (wanted === null) return ['pass', `answers as ${service}`];
  if (confidence !== 'recognised') return ['remark', `something is there, not recognised as ${wanted}`];
  return [service === wanted ? 'pass' : 'fail', `answers as ${service}`];
}

function unseen({ service, address, protocol }: ServiceNeed, { hosts, swept }: Place): Found {
  if (hosts.some(({ addresses }) => addresses.includes(address))) {
    // Discovery asks a fixed set of ports, over TCP: of others, silence says nothing.
    const asked = service !== null && protocol === 'tcp';
    return asked
      ? ['fail', 'the host is there, the service did not answer']
      : ['unknown', 'the host is there, nobody has asked this port'];
  }
  const looked = swept.some((network) => overlap(network, address));
  return looked ? ['fail', 'nobody answered at this address'] : ['unknown', 'nobody has looked there'];
}
