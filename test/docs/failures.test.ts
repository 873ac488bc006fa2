import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dropReasons } from '../../contract/firewall.ts';
import { repository } from './pages.ts';

const table = async (page: string) =>
  (await readFile(join(repository, page), 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));

/** What a box must bear. */
const rows = [
  ...['state is written', 'the engine starts', 'a push', 'an update', 'an installation'],
  ...['data disk full', 'corrupt blob', 'clock wrong by years', 'two boxes', 'duplicate machine-id'],
  ...['lost member of etcd', 'agent killed', 'medium removed', 'NFS server gone'],
];

test.each(rows)('the page of failures tells what happens: %s', async (row) => {
  const found = (await table('docs/reference/failures.md')).filter(([, what = '']) => what.includes(row));
  expect(found).toHaveLength(1);
  const [, , , shown = ''] = found[0] ?? [];
  // That the files are there, the test of links looks at.
  expect(shown).toMatch(/\]\(\.\.\/\.\.\/test\/[^)]+\.test\.ts\)/);
});

test('the page of the firewall has the words for each reason that the box has', async () => {
  const told = (await table('docs/operate/firewall.md'))
    .filter(([, name = '']) => /^`\w+`$/.test(name))
    .map(([, name = '', meaning = '']) => [name.slice(1, -1), meaning]);
  expect(Object.fromEntries(told)).toEqual(dropReasons);
});
