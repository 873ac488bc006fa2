import { expect, test } from 'vitest';
import { commands } from '../../cli/commands.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { idleContext } from '../support/context.ts';
import { pages, repository } from './pages.ts';

/** Command → its flags, long and short. */
const known = new Map(
  commands.map((make) => {
    const made = make(idleContext(repository));
    const flags = [made, ...made.commands].flatMap(({ options }) =>
      options.flatMap(({ long, short }) => [long, short]),
    );
    return [made.name(), new Set<string | null | undefined>([...flags, '--help', '-h'])];
  }),
);

/** Pieces of code that call the command line: `./cpiab …` up to a comment, pipe or end. */
function calls(text: string): string[][] {
  return [...text.matchAll(/\.\/cpiab((?: +[^\s`#|&;→]+)*)/g)].map(([, rest = '']) =>
    rest.trim().split(/ +/),
  );
}

const all = await pages();
const called = [...all].flatMap(([path, text]) =>
  calls(text).map((words) => [path, words.join(' ')] as const),
);

test.each(called.filter(([, line]) => line !== ''))('%s: ./cpiab %s exists', (_path, line) => {
  const [name = '', ...words] = line.split(' ');
  if (/^(COMMAND|[.,]|--)/.test(name)) return;
  expect([...known.keys()]).toContain(name);
  const flags = words.filter((word) => /^-./.test(word)).map((word) => word.replace(/[=\])].*$/, ''));
  for (const flag of flags) expect([...(known.get(name) ?? [])]).toContain(flag);
});

test.each(
  [...all].flatMap(([path, text]) =>
    [...text.matchAll(/npm run ([a-z0-9:-]+)/g)].map(([, name = '']) => [path, name] as const),
  ),
)('%s: npm run %s exists', (_path, name) => {
  expect(Object.keys(packageJson.scripts)).toContain(name);
});

test('the README names every command', () => {
  const named = new Set(calls(all.get('README.md') ?? '').map(([name]) => name));
  expect([...known.keys()].filter((name) => !named.has(name))).toEqual([]);
});
