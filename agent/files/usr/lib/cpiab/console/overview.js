import { at, code, make, section, setText } from './dom.js';
import { bytes, duration, headline, short, triedToLeave } from './words.js';

const figure = (name, value, note, tone = '') =>
  make(
    'div',
    { class: 'figure', 'data-tone': tone },
    make('dt', {}, name),
    make('dd', {}, make('strong', {}, value), make('small', {}, note)),
  );

const ratio = (ready, total) => (total === 0 ? 'none yet' : `${ready} of ${total}`);

function headNote({ head, applied }) {
  if (head === null) return 'no Git yet';
  return head === applied ? 'the head of Git' : `head ${short(head)}`;
}

/** What stands between backquotes is to be typed. */
const showAction = section('nextAction', (text) =>
  text.split('`').map((part, index) => (index % 2 === 0 ? part : code(part))),
);

const showFigures = section('figures', ({ git, flux, nodes, images, dropped, memory }) => {
  const ready = nodes.filter((node) => node.ready).length;
  const outside = images.notInBundle.length;
  const left = triedToLeave(dropped);
  const meter = make('meter', {
    min: '0',
    max: String(memory.total),
    value: String(memory.used),
    'aria-label': 'Memory in use',
  });
  return [
    figure('Applied', short(git.applied), headNote(git)),
    figure('Kustomizations', ratio(flux.ready, flux.total), 'ready', flux.ready < flux.total ? 'busy' : ''),
    figure('Nodes', ratio(ready, nodes.length), 'ready'),
    figure('Foreign images', String(outside), `${images.running} running`, outside > 0 ? 'bad' : ''),
    figure('Packets refused', String(left), 'on their way out', left > 0 ? 'bad' : ''),
    make(
      'div',
      { class: 'figure' },
      make('dt', {}, 'Memory'),
      make(
        'dd',
        {},
        make('strong', {}, bytes(memory.used)),
        make('small', {}, `of ${bytes(memory.total)}`),
        meter,
      ),
    ),
  ];
});

/** The first object that holds things back, with the way to the others; before there are any, what the boot is at. */
const showHeld = section('held', ({ blocking: [first, ...others], doing }) =>
  first === undefined
    ? [doing]
    : [
        'Waiting for ',
        code(first.object),
        `: ${first.reason} `,
        others.length === 0 ? null : make('a', { href: '#git' }, `and ${others.length} more`),
      ],
);

/** State, problem and next action first; then the six figures that one looks for. */
export function showOverview(status) {
  const [tone, text] = headline(status);
  const { box, problem, nextAction, uptimeMs } = status;
  at('state').dataset.tone = tone;
  setText('headline', text);
  setText('subline', `Site ${box.site}, sequence ${box.sequence}, on for ${duration(minute(uptimeMs))}`);
  setText('site', box.site);
  document.title = `${tone === 'bad' ? '⚠ ' : ''}${text} · ${box.site} · CPiaB`;
  at('trouble').hidden = problem === null;
  setText('problem', problem ?? '');
  showAction(nextAction ?? '');
  setText('said', problem === null ? text : `${text}. ${problem}`);
  const { git, flux, nodes, images, dropped, memory } = status;
  const running = status.steps.find(({ state }) => state === 'running');
  showHeld({ blocking: flux.blocking, doing: running?.detail ?? '' });
  showFigures({ git, flux, nodes, images, dropped, memory });
}

/** Whole minutes once there is one: a line that changes each second is a nuisance to read. */
const minute = (ms) => (ms < 60_000 ? ms : Math.floor(ms / 60_000) * 60_000);
