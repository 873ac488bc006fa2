import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSite } from '../../../builder/config/read-site.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const here = freshDirectory();
const FILE = 'config/clusters/lab.yaml';
const HEAD = 'apiVersion: cpiab.dev/v1\nkind: Site\nname: lab\n';
const GOOD = `${HEAD}bundle:\n  validDays: 9\n`;

async function site(content: string | Uint8Array) {
  for (const [path, text] of [
    [FILE, content],
    ['bundles/core.yaml', ''],
  ] as const) {
    await mkdir(dirname(here(path)), { recursive: true });
    await writeFile(here(path), text);
  }
  return await readSite(here(), 'lab');
}

/** Ten lists of ten of the one before: 10^9 words from 400 bytes. */
const LAUGHS = Array.from({ length: 9 }, (_, index) => {
  const item = index === 0 ? 'lol' : `*a${index - 1}`;
  return `a${index}: &a${index} [${Array(10).fill(item).join(', ')}]`;
}).join('\n');

describe('what is read all the same', () => {
  test.each([
    ['lines that end as on Windows', GOOD.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${GOOD}`],
    ['one document between marks', `---\n${GOOD}...\n`],
    ['an alias', `${HEAD}bundles: &sets [core]\nmedia: []\n`],
  ])('%s', async (_, text) => {
    expect((await site(text)).name).toBe('lab');
  });
});

describe('what is refused, at its place', () => {
  test.each<[string, string, string, string | Uint8Array]>([
    ['an empty file', 'E1034', '', ''],
    ['comments alone', 'E1034', '', '# nothing\n\n'],
    ['a list', 'E1002', ':1:1', '- a\n'],
    ['a key twice', 'E1043', ':4:1', `${HEAD}name: lab\n`],
    ['a tab', 'E1044', ':5:1', `${HEAD}bundle:\n\tvalidDays: 9\n`],
    ['a second document', 'E1038', ':4:1', `${HEAD}---\n${HEAD}`],
    ['a tag', 'E1007', ':4:10', `${HEAD}bundles: !!js/function core\n`],
    ['an alias of nothing', 'E1007', '', `${HEAD}bundles: *none\n`],
    [
      'a merge that nobody settled',
      'E1037',
      ':4',
      `${HEAD}<<<<<<< HEAD\nsupply: source\n=======\n>>>>>>> b\n`,
    ],
    ['aliases that multiply', 'E1039', '', `${HEAD}${LAUGHS}\n`],
    ['lists in lists without end', 'E1040', ':4:\\d+', `${HEAD}bundles: ${'['.repeat(50_000)}`],
    ['sequences in one line', 'E1040', ':\\d+:\\d+', '- '.repeat(50_000)],
    ['a number beyond numbers', 'E1002', ':5:14 bundle.validDays', GOOD.replace('9', '1e999')],
    ['a number of many digits', 'E1002', ':5:14 bundle.validDays', GOOD.replace('9', '9'.repeat(400))],
    ['Latin-1', 'E1036', ':4:6', Buffer.from(`${HEAD}# café au lait\n`, 'latin1')],
    ['UTF-16', 'E1036', ':1:1', Buffer.from(`\uFEFF${GOOD}`, 'utf16le')],
    ['zeros, as a power cut leaves them', 'E1002', ':1:1', Buffer.alloc(512)],
    ['an HTML page', 'E1002', ':1:1', '<!DOCTYPE html><title>Log in</title>'],
    ['50 MB', 'E1035', '', Buffer.alloc(50e6, 'a: 1\n')],
    [
      '250 kB of mistakes',
      'E1001',
      ':4:1 k0',
      `${HEAD}${Array.from({ length: 25_000 }, (_, at) => `k${at}: 1\n`).join('')}`,
    ],
  ])('%s', async (_, code, place, text) => {
    const started = performance.now();
    const refused = await refusal(site(text));
    expect(refused.toText()).toContain(`CPIAB-${code} ${FILE}`);
    expect(refused.subject).toMatch(new RegExp(`^${FILE}${place}$`));
    expect(refused.exit).toBe(2);
    expect(refused.toText().length).toBeLessThan(20_000);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
