import { make } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const COLUMNS = 5;
const CELL = { width: 172, height: 56, gap: 12 };
const LEFT = 12;
/** More are in the table only. */
const MOST_DRAWN = 200;

function draw(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Each link of the box as a line, with the hosts that hang on it. A host leads to its row in the table. */
export function drawNetwork(hosts, links) {
  const names = [...new Set([...links.map(({ name }) => name), ...hosts.map(({ link }) => link)])];
  const drawn = hosts.slice(0, MOST_DRAWN);
  if (drawn.length === 0) return [];
  let top = 0;
  const parts = names.map((name) => {
    const own = drawn.filter(({ link }) => link === name);
    const part = drawLink(
      { name, networks: links.find((link) => link.name === name)?.networks ?? [] },
      own,
      top,
    );
    top += heightOf(own.length);
    return part;
  });
  const width = LEFT * 2 + COLUMNS * (CELL.width + CELL.gap);
  const picture = draw(
    'svg',
    { viewBox: `0 0 ${width} ${top}`, role: 'group', 'aria-label': 'Hosts by link' },
    ...parts,
  );
  const frame = make(
    'div',
    { class: 'network', role: 'region', 'aria-label': 'Picture of the network', tabindex: '0' },
    picture,
  );
  const left = hosts.length - drawn.length;
  return [frame, left > 0 ? make('p', { class: 'hint' }, `${left} more hosts are in the table only.`) : null];
}

const rowsOf = (count) => Math.max(1, Math.ceil(count / COLUMNS));
const heightOf = (count) => 44 + rowsOf(count) * (CELL.height + CELL.gap * 2) + 8;

function drawLink({ name, networks }, hosts, top) {
  const right = LEFT + COLUMNS * (CELL.width + CELL.gap) - CELL.gap;
  const title = draw('text', { x: LEFT, y: top + 20, class: 'link' }, `${name}  ${networks.join(', ')}`);
  const cells = hosts.map((host, index) => drawHost(host, index, top + 44));
  const buses = Array.from({ length: rowsOf(hosts.length) }, (_, row) => {
    const y = top + 32 + row * (CELL.height + CELL.gap * 2);
    return draw('line', { x1: LEFT, x2: right, y1: y, y2: y, class: 'bus' });
  });
  return draw('g', {}, title, ...buses, ...cells);
}

function drawHost({ id, addresses, names, state, services }, index, top) {
  const x = LEFT + (index % COLUMNS) * (CELL.width + CELL.gap);
  const y = top + Math.floor(index / COLUMNS) * (CELL.height + CELL.gap * 2);
  const [address = id] = addresses;
  const name = names[0] ?? address;
  const offered = [...new Set(services.map((service) => service.name))];
  const second = names[0] === undefined ? offered.join(' ') : `${address} ${offered.join(' ')}`;
  const link = draw(
    'a',
    {
      href: `#${encodeURIComponent(`host-${id}`)}`,
      class: `host ${state}`,
    },
    draw('line', { x1: x + 16, x2: x + 16, y1: y - CELL.gap, y2: y, class: 'bus' }),
    draw('rect', { x, y, width: CELL.width, height: CELL.height, rx: 6 }),
    draw('text', { x: x + 12, y: y + 23, class: 'name' }, shortened(name, 18)),
    draw(
      'text',
      { x: x + 12, y: y + 42, class: 'more' },
      shortened(state === 'seen' ? second : `not seen, ${address}`, 24),
    ),
  );
  link.addEventListener('click', () => document.getElementById(`host-${id}`)?.focus());
  return link;
}

const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
