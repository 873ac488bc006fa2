import { badge, code, empty, make, section, table } from './dom.js';
import { drawNetwork } from './network-picture.js';
import { forOperators } from './operators.js';
import { moment } from './words.js';

export const network = forOperators({
  id: 'network',
  path: '/v1/inventory',
  label: 'Show what stands around the box',
  command: 'cpiab discover',
  absent: 'The box begins to look around when it has converged, unless its site wants it not to.',
  show: showInventory,
});

function showInventory({ mode, looked, dropped, problem, links, hosts, proposals }) {
  showHead({ mode, looked, dropped, problem, links, count: hosts.length });
  showPicture({ hosts, links });
  showProposals(proposals);
  showHosts(hosts);
}

const showHead = section('networkHead', ({ mode, looked, dropped, problem, links, count }) => [
  make(
    'p',
    {},
    badge(problem === null ? 'good' : 'bad', mode),
    looked === null ? ' No look has ended yet. ' : ` ${count} hosts; last look at ${moment(looked)}. `,
    dropped === 0 ? '' : `${dropped} messages and names were too many to keep. `,
  ),
  problem === null ? null : make('p', { class: 'notice' }, problem),
  ...links
    .filter(({ note }) => note !== null)
    .map(({ name, note }) => make('p', { class: 'hint' }, `${name}: ${note}`)),
]);

const showPicture = section('networkPicture', ({ hosts, links }) => drawNetwork(hosts, links));

const showProposals = section('networkProposals', (proposals) =>
  proposals.length === 0
    ? []
    : [
        table(
          'Proposed by rules of the site, for a person to decide',
          [['What'], ['Where', 'line'], ['How sure'], ['Rule', 'wide']],
          proposals.map(({ propose, target, confidence, rule }) => [propose, code(target), confidence, rule]),
        ),
      ],
);

const showHosts = section('networkHosts', (hosts) =>
  hosts.length === 0
    ? [empty('Nobody was seen yet.')]
    : [
        table(
          'Hosts',
          [['Address', 'line'], ['Name'], ['State'], ['Hardware address', 'line'], ['Services', 'wide']],
          hosts.map(({ id, addresses, names, state, mac, services, lastSeen }) => [
            make('span', { id: `host-${id}`, tabindex: '-1' }, addresses.join(', ')),
            names.join(', '),
            state === 'seen' ? badge('good', 'seen') : badge('quiet', `not since ${moment(lastSeen)}`),
            code(mac ?? 'unknown'),
            services.map(({ name, port, confidence, detail }) =>
              make(
                'span',
                { class: 'service' },
                `${name}:${port} ${confidence}${detail === '' ? '' : `: ${detail}`}`,
              ),
            ),
          ]),
        ),
        make(
          'p',
          { class: 'hint' },
          'A hint only: anybody on a link can claim anything. ',
          code('cpiab discover'),
          ' shows the same.',
        ),
      ],
);
