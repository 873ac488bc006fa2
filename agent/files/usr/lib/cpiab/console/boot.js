import { at, badge, section, table } from './dom.js';
import { duration, stateTones } from './words.js';

let drawn = '';

/** The only markup that this page takes from anywhere: the box's own drawing, parsed as XML, in which no script runs. */
const policy = globalThis.trustedTypes?.createPolicy('timeline', { createHTML: (text) => text });

/** Takes the box's drawing in, without its style: that is for when it stands alone, and here the page's colours count. */
export function showTimeline(text) {
  if (text === drawn) return;
  drawn = text;
  const bare = text.replace(/<style>[^<]*<\/style>/, '');
  const parsed = new DOMParser().parseFromString(policy?.createHTML(bare) ?? bare, 'image/svg+xml');
  const frame = at('timeline');
  // On a narrow screen it scrolls, and then the keyboard must reach it.
  frame.setAttribute('role', 'region');
  frame.setAttribute('aria-label', 'Boot timeline');
  frame.tabIndex = 0;
  frame.replaceChildren(document.importNode(parsed.documentElement, true));
}

export const showSteps = section('steps', (steps) => [
  table(
    'Steps since power-on',
    [['Step'], ['State'], ['Began', 'number'], ['Took', 'number'], ['Evidence', 'wide']],
    steps.map(({ name, state, startedMs, tookMs, detail }) => [
      name,
      badge(stateTones[state], state),
      duration(startedMs),
      duration(tookMs),
      detail,
    ]),
  ),
]);
