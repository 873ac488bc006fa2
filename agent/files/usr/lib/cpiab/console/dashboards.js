import { drawChart, swatch } from './chart.js';
import { at, badge, code, empty, make, section, setText, table } from './dom.js';
import { bytes, duration, moment } from './words.js';

const PATIENCE_MS = 30_000;
/** As often as Prometheus collects. */
const EVERY_MS = 30_000;
const spans = { 1: 'an hour', 6: '6 hours', 24: 'a day', 168: 'a week' };

const short = (value) =>
  Number.isInteger(value) && Math.abs(value) < 100_000 ? String(value) : String(Number(value.toPrecision(3)));
const formats = {
  bytes,
  Bps: (value) => `${bytes(value)}/s`,
  percentunit: (value) => `${Number((value * 100).toFixed(1))} %`,
  s: (value) => (value !== 0 && value < 1 ? `${short(value * 1000)} ms` : duration(value * 1000)),
  reqps: (value) => `${short(value)}/s`,
  pps: (value) => `${short(value)}/s`,
};
const formatOf = ({ unit }) => formats[unit] ?? short;

const known = ({ values }) => values.filter((value) => value !== null);
const last = (series) => known(series).at(-1);

/** What is chosen, and when it was last asked for. */
const chosen = { uid: null, hours: 6 };
let asked = 0;

function panelOf(panel, span) {
  const wide = panel.width > 12 ? ' wide' : '';
  const heading = make('h3', {}, panel.title);
  const note = panel.description === '' ? null : make('p', { class: 'hint' }, panel.description);
  const some = panel.series.some((one) => known(one).length > 0);
  if (panel.problem !== '') return frame(panel, wide, heading, make('p', { class: 'notice' }, panel.problem));
  if (!some) return frame(panel, wide, heading, note, empty('No data.'));
  const body = panel.type === 'stat' ? figureOf(panel) : chartOf(panel, span);
  const more =
    panel.more === 0 ? null : make('p', { class: 'hint' }, `${panel.more} more series are not drawn.`);
  return frame(panel, wide, heading, note, ...body, more);
}

const frame = ({ type }, wide, ...children) =>
  make('article', { class: `panel ${type}${wide}` }, ...children.filter((child) => child !== null));

function figureOf(panel) {
  const format = formatOf(panel);
  return panel.series
    .filter((one) => known(one).length > 0)
    .map((one) => make('p', { class: 'value' }, make('strong', {}, format(last(one))), ` ${one.name}`));
}

function chartOf(panel, span) {
  const format = formatOf(panel);
  const some = panel.series.filter((one) => known(one).length > 0);
  const said = some.map((one) => `${one.name} ${format(last(one))}`.trim()).join(', ');
  const rows = some.map((one, index) => [
    make('span', {}, swatch(index), one.name || panel.title),
    format(last(one)),
    format(Math.min(...known(one))),
    format(Math.max(...known(one))),
  ]);
  const columns = [
    ['Series', 'wide'],
    ['Last', 'number'],
    ['Lowest', 'number'],
    ['Highest', 'number'],
  ];
  return [
    drawChart({ ...panel, series: some }, span, format, `${panel.title}: ${said}`),
    table(panel.title, columns, rows, 'unseen'),
  ];
}

/** Figures stand together above the pictures that follow them. */
const showPanels = section('dashboardPanels', ({ panels, ...span }) => {
  const figures = panels.filter(({ type }) => type === 'stat').map((one) => panelOf(one, span));
  const charts = panels.filter(({ type }) => type !== 'stat').map((one) => panelOf(one, span));
  return [
    figures.length === 0 ? null : make('div', { class: 'stats' }, ...figures),
    make('div', { class: 'charts' }, ...charts),
  ];
});

async function load() {
  if (chosen.uid === null) return;
  asked = Date.now();
  const path = `/v1/dashboard?uid=${encodeURIComponent(chosen.uid)}&hours=${chosen.hours}`;
  const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) {
    setText('dashboardsSaid', `The box has no answer (${answer.status}).`);
    return;
  }
  const data = await answer.json();
  // Another one may have been chosen meanwhile.
  if (data.uid !== chosen.uid) return;
  showPanels(data);
  setText('dashboardsSaid', `${data.title}, ${spans[chosen.hours]} up to ${new Date().toLocaleTimeString()}`);
}

/** A box that does not answer is told of by the page as a whole. */
function choose(change) {
  Object.assign(chosen, change);
  for (const button of at('dashboardsOffer').querySelectorAll('button')) {
    const { uid, hours } = button.dataset;
    button.setAttribute('aria-pressed', String((uid ?? hours) === String(uid ? chosen.uid : chosen.hours)));
  }
  setText('dashboardsSaid', 'Asking Prometheus …');
  load().catch((error) => setText('dashboardsSaid', `The box has no answer (${error.message}).`));
}

function buttonOf(text, data) {
  const button = make('button', { type: 'button', class: 'second', 'aria-pressed': 'false' }, text);
  Object.assign(button.dataset, data);
  button.addEventListener('click', () => choose('uid' in data ? data : { hours: Number(data.hours) }));
  return button;
}

/** One button for each dashboard, one for each span: nothing is asked of Prometheus before somebody chooses. */
export const showDashboards = section('dashboardsOffer', (list) => {
  if (list.length === 0)
    return [empty('This site has no dashboards: it collects no metrics, or nothing is applied yet.')];
  return [
    make(
      'div',
      { class: 'choice', role: 'group', 'aria-label': 'Dashboard' },
      ...list.map(({ uid, title }) => buttonOf(title, { uid })),
    ),
    make(
      'div',
      { class: 'choice', role: 'group', 'aria-label': 'Time' },
      ...Object.entries(spans).map(([hours, text]) => buttonOf(text, { hours })),
    ),
  ];
});

export async function refreshDashboards() {
  if (Date.now() - asked >= EVERY_MS) await load();
}

const alertTones = { critical: 'bad', warning: 'busy' };

/** What fires, and where to read what to do; nothing where the site has no Alertmanager. */
export const showAlerts = section('alerts', (alerts) => {
  if (alerts === null) return [];
  if (alerts.problem !== '') return [make('p', { class: 'notice' }, alerts.problem)];
  if (alerts.firing.length === 0) return [make('p', {}, badge('good', 'no alerts'))];
  const rows = alerts.firing.map(({ name, severity, summary, runbook, since, suppressed }) => [
    name,
    suppressed ? badge('quiet', 'silenced') : badge(alertTones[severity] ?? 'busy', severity),
    [summary, runbook === '' ? '' : make('span', { class: 'runbook' }, code(runbook))],
    moment(since),
  ]);
  return [table('Alerts', [['Name'], ['State'], ['What', 'wide'], ['Since', 'line']], rows)];
});
