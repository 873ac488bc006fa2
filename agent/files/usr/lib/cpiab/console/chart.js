import { make } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 480;
const HEIGHT = 170;
const PLOT = { left: 58, right: 472, top: 10, bottom: 146 };
const LINES = 4;

function draw(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

const numbersOf = ({ values }) => values.filter((value) => value !== null);

/** The next 1, 2 or 5 times a power of ten: steps that one can count in. */
function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) * power;
}

/** Lowest and highest value of the axis, and where its lines are. What is fixed by the dashboard stays. */
function axisOf({ series, min, max }) {
  const all = series.flatMap(numbersOf);
  const low = min ?? Math.min(...all);
  const high = Math.max(max ?? Math.max(...all), low);
  const step = niceStep((high - low || Math.abs(high) || 1) / LINES);
  const from = Math.floor(low / step) * step;
  const to = max ?? Math.max(Math.ceil(high / step) * step, from + step);
  const count = Math.round((to - from) / step);
  return { from, to, lines: Array.from({ length: count + 1 }, (_, index) => from + index * step) };
}

/** A line that is lifted where there is no value. A value alone is a dot: `h0` with round ends. */
function pathOf({ values }, x, y) {
  return values
    .map((value, index) => {
      if (value === null) return '';
      const begins = index === 0 || values[index - 1] === null;
      return `${begins ? 'M' : 'L'}${x(index).toFixed(1)} ${y(value).toFixed(1)}${begins ? 'h0' : ''}`;
    })
    .join('');
}

/** Clock times; days, where the picture is of several. */
function timeOf(seconds, span) {
  const date = new Date(seconds * 1000);
  return span > 86_400
    ? date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })
    : date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

/**
 * Series over time as lines, told apart by colour and by how they are broken.
 * @param format makes text of a value. @param label says in words what one sees.
 */
export function drawChart(panel, { start, step }, format, label) {
  const length = panel.series[0]?.values.length ?? 0;
  const { from, to, lines } = axisOf(panel);
  const x = (index) => PLOT.left + ((PLOT.right - PLOT.left) * index) / Math.max(1, length - 1);
  const y = (value) => PLOT.bottom - ((PLOT.bottom - PLOT.top) * (value - from)) / (to - from);
  const span = step * length;
  return draw(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label, class: 'chart' },
    ...lines.flatMap((value) => [
      draw('line', { x1: PLOT.left, x2: PLOT.right, y1: y(value), y2: y(value), class: 'grid' }),
      draw('text', { x: PLOT.left - 6, y: y(value) + 4, 'text-anchor': 'end' }, format(value)),
    ]),
    ...['start', 'middle', 'end'].map((anchor, index) => {
      const at = (index * (length - 1)) / 2;
      const time = timeOf(start + at * step, span);
      return draw('text', { x: x(at), y: HEIGHT - 6, 'text-anchor': anchor }, time);
    }),
    ...panel.series.map((one, index) =>
      draw('path', { d: pathOf(one, x, y), class: `trace s${index % 12}` }),
    ),
  );
}

/** A piece of a series' line, for the list of names. */
export const swatch = (index) =>
  make(
    'span',
    { class: 'swatch', 'aria-hidden': 'true' },
    draw(
      'svg',
      { viewBox: '0 0 24 8', width: 24, height: 8 },
      draw('path', { d: 'M1 4H23', class: `trace s${index % 12}` }),
    ),
  );
