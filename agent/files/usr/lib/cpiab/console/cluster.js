import { badge, code, empty, facts, make, section, table } from './dom.js';
import { short } from './words.js';

export const showGit = section('gitFacts', ({ git, flux }) => [
  facts([
    ['Head of Git', code(git.head ?? 'none yet')],
    ['Applied', code(git.applied ?? 'nothing yet')],
    ['Flux', `${flux.ready} of ${flux.total} Kustomizations ready`],
  ]),
]);

/** What holds things back is what one came for: it stands before the list of all. */
export const showBlocking = section('blocking', (blocking) =>
  blocking.length === 0
    ? []
    : [
        make(
          'div',
          { class: 'notice' },
          make('h3', {}, 'What holds it back'),
          make(
            'ul',
            { class: 'held' },
            ...blocking.map(({ object, reason }) => make('li', {}, code(object), make('span', {}, reason))),
          ),
        ),
      ],
);

export const showKustomizations = section('kustomizations', (list) =>
  list === null
    ? [empty('There is no cluster yet.')]
    : [
        table(
          'Kustomizations',
          [['Name', 'line'], ['State'], ['Applied', 'line'], ['Objects', 'number'], ['Path', 'wide']],
          list.map(({ name, path, applied, blocking, objects }) => [
            name,
            blocking === null ? badge('good', 'ready') : [badge('busy', 'waiting'), ` ${blocking}`],
            code(short(applied)),
            String(objects.length),
            code(path),
          ]),
        ),
      ],
);

export const showNodes = section('nodeRows', (nodes) =>
  nodes.length === 0
    ? [empty('No node has registered yet.')]
    : [
        table(
          'Nodes',
          [['Name'], ['State'], ['Kubernetes', 'wide']],
          nodes.map(({ name, ready, version }) => [
            name,
            ready ? badge('good', 'ready') : badge('bad', 'not ready'),
            version,
          ]),
          'unseen',
        ),
      ],
);
