import { badge, code, empty, make, section, table } from './dom.js';

/** Whether the world is still closed: nothing runs that the bundle lacks, nothing tried to leave. */
export const showWorld = section('world', ({ images, left }) => {
  const { notInBundle, running } = images;
  const closed = notInBundle.length === 0 && left === 0;
  if (closed)
    return [
      make(
        'p',
        {},
        badge('good', 'closed'),
        ` All ${running} running images are of the bundle, and nothing tried to leave the box.`,
      ),
    ];
  return [
    make(
      'div',
      { class: 'notice' },
      make('h3', {}, 'The world is not closed'),
      make(
        'ul',
        { class: 'held' },
        ...notInBundle.map((id) =>
          make('li', {}, code(id), make('span', {}, 'runs, but is not of the bundle')),
        ),
        left > 0 ? make('li', {}, `${left} packets tried to leave the box and were refused`) : null,
      ),
    ),
  ];
});

/** What the firewall dropped, by reason, the most frequent first. */
export const showDropped = section('dropped', (dropped) => {
  const some = Object.entries(dropped).filter(([, packets]) => packets > 0);
  const sorted = some.sort(([, a], [, b]) => b - a).map(([reason, packets]) => `${reason} ${packets}`);
  return [make('p', {}, `Packets that the firewall dropped: ${sorted.join(', ') || 'none'}.`)];
});

const words = { true: ['good', 'running'], false: ['quiet', 'at rest'], null: ['quiet', 'no cluster yet'] };

export const showImages = section('imageRows', (images) =>
  images === null
    ? [empty('The bundle is not verified yet.')]
    : [
        table(
          'Images of the bundle',
          [['Image'], ['State'], ['Digest', 'wide']],
          images.map(({ reference, digest, running }) => [
            reference,
            badge(...words[String(running)]),
            code(digest),
          ]),
        ),
      ],
);
