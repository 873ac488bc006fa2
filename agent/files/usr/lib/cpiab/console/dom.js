/** Makes an element. Strings become text, never markup; what is null is left out. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const at = (id) => document.getElementById(id);

/** Sets text only when it differs: nothing flickers, and a selection stays. */
export function setText(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

/**
 * Shows data in an element; the same data again changes nothing, so that focus, selection and
 * scroll position stay where they are.
 */
export function section(id, build) {
  let shown = '';
  return (data) => {
    const now = JSON.stringify(data);
    if (now === shown) return;
    shown = now;
    at(id).replaceChildren(...build(data).filter((child) => child !== null));
  };
}

/** Names and values, one below the other. */
export function facts(pairs) {
  const rows = pairs.map(([name, ...value]) =>
    make('div', {}, make('dt', {}, name), make('dd', {}, ...value)),
  );
  return make('dl', { class: 'facts' }, ...rows);
}

/**
 * A table in a frame of its own that scrolls, by keyboard too.
 * @param columns `[title, class of its cells]`; the first names the row.
 * @param captionClass `unseen` where the heading above says the same.
 */
export function table(caption, columns, rows, captionClass = '') {
  const head = columns.map(([title, kind = '']) => make('th', { scope: 'col', class: kind }, title));
  const body = rows.map((cells) =>
    make(
      'tr',
      {},
      ...cells.map((cell, index) =>
        make(
          index === 0 ? 'th' : 'td',
          index === 0 ? { scope: 'row', class: columns[0][1] ?? '' } : { class: columns[index][1] ?? '' },
          ...[cell].flat(),
        ),
      ),
    ),
  );
  return make(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: '0' },
    make(
      'table',
      {},
      make('caption', { class: captionClass }, caption),
      make('thead', {}, make('tr', {}, ...head)),
      make('tbody', {}, ...body),
    ),
  );
}

/** A word that says how something is; its colour only repeats that. */
export const badge = (tone, text) => make('span', { class: 'badge', 'data-tone': tone }, text);

/** Something to be compared or copied, letter by letter. */
export const code = (text) => make('code', {}, text);

export const empty = (text) => make('p', { class: 'empty' }, text);
