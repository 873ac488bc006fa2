import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { pages, repository } from './pages.ts';

const all = await pages();

/** GitHub's anchor of a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** Targets of the page's links, outside code. */
function links(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\((?<target>[^)\s]+)\)/g)].map(({ groups }) => groups?.['target'] ?? '');
}

test.each([...all])('links of %s lead somewhere', async (path, text) => {
  for (const link of links(text).filter((target) => !/^[a-z]+:/.test(target))) {
    const [file = '', fragment] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    await expect(access(join(repository, target)), `${path}: ${link}`).resolves.toBeUndefined();
    if (fragment !== undefined && all.has(target)) {
      const headings = [...(all.get(target) ?? '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
        anchor(heading),
      );
      expect(headings, `${path}: ${link}`).toContain(fragment);
    }
  }
});

test('there are pages to check', () => {
  expect([...all.keys()]).toEqual(
    expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/architecture.md']),
  );
});
