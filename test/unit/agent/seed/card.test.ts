import { mkdir, writeFile } from 'node:fs/promises';
import { beforeEach, expect, test } from 'vitest';
import { missingCard } from '../../../../agent/seed/card.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const path = freshDirectory();

beforeEach(async () => {
  for (const [name, mac] of [
    ['enp1s0', '52:54:00:00:00:01'],
    ['enp2s0', '52:54:00:00:00:02'],
  ] as const) {
    await mkdir(path(name, 'device'), { recursive: true });
    await writeFile(path(name, 'address'), `${mac}\n`);
  }
  // What is made on top of a card has its address too.
  await mkdir(path('envlan30'));
  await writeFile(path('envlan30', 'address'), '52:54:00:00:00:09\n');
});

test.each([{ mac: '52:54:00:00:00:02' }, { name: 'enp1s0' }, { name: 'en*' }, { name: 'enp?s0' }])(
  'a card that is there is no problem: %j',
  async (card) => {
    expect(await missingCard(card, path())).toBeNull();
  },
);

test.each([{ mac: '52:54:00:00:00:09' }, { name: 'eth*' }])('one that is missing is: %j', async (card) => {
  expect((await missingCard(card, path()))?.problem).toBe(
    `no network card is ${card.mac ?? card.name}, which the seed means; ` +
      'this machine has enp1s0 52:54:00:00:00:01, enp2s0 52:54:00:00:00:02',
  );
});
