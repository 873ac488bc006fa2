import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errors } from '../../contract/errors.ts';
import { repository } from './pages.ts';

/** Codes that no test provokes, each with the reason. Whoever finds a way takes the line out. */
const unprovoked: Record<string, string> = {
  E2409: 'a disk that takes what is written and gives back something else',
  E5007: "a kernel that stops because of a defect in QEMU's emulation, about once in twenty boots",
};

/** Tests of the table itself name codes without provoking them. */
const aboutTheTable = ['test/docs/errors.test.ts', 'test/unit/contract/errors.test.ts'];

/** Codes that files of these folders name. */
async function codesIn(folders: string[], pattern: RegExp): Promise<Set<string>> {
  const found = new Set<string>();
  for (const folder of folders) {
    const names = await readdir(join(repository, folder), { recursive: true });
    for (const name of names.map((each) => join(folder, each)).filter((each) => each.endsWith('.ts'))) {
      if (aboutTheTable.includes(name)) continue;
      for (const [, code = ''] of (await readFile(join(repository, name), 'utf8')).matchAll(pattern))
        found.add(code);
    }
  }
  return found;
}

const codes = Object.keys(errors);
// Some are chosen in one place and thrown in another; what is only compared with is not thrown.
const thrown = await codesIn(
  ['agent', 'builder', 'cli', 'contract/document', 'drill', 'host', 'policy'],
  /(?<![=!]== )'(E\d{4})'/g,
);
/** What runs before Node does says its errors itself. */
const scripts = ['cpiab', 'agent/files/usr/lib/cpiab/guest/join'];
const texts = await Promise.all(scripts.map((name) => readFile(join(repository, name), 'utf8')));
const launcher = new Set(texts.flatMap((text) => text.match(/\bE\d{4}\b/g) ?? []));
const tested = await codesIn(['test'], /\b(?:CPIAB-)?(E\d{4})\b/g);

describe('every error of the table', () => {
  test.each(codes)('%s is thrown somewhere', (code) => {
    expect(thrown.has(code) || launcher.has(code)).toBe(true);
  });

  test.each(codes)('%s is provoked by a test, or a reason is given', (code) => {
    expect(tested.has(code)).toBe(unprovoked[code] === undefined);
  });
});

test('no error is thrown that is not in the table', () => {
  expect([...thrown, ...launcher].filter((code) => !codes.includes(code))).toEqual([]);
});
