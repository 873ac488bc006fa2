import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BootChoice,
  formatEnvironment,
  mostTries,
  onTrial,
  parseEnvironment,
  settled,
  standing,
} from '../../../contract/boot-slots.ts';
import { run } from '../../../host/process.ts';
import { removeTree } from '../../support/remove-tree.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-grubenv-'));
});
afterAll(() => removeTree(directory));

const choices: BootChoice[] = [
  settled('a'),
  settled('b'),
  onTrial('a', 3),
  { slot: 'b', trial: 'a', tries: 0 },
];

describe('the environment block', () => {
  test.each(choices)('GRUB reads what the box writes: %j', async (choice) => {
    const path = join(directory, 'grubenv');
    await writeFile(path, formatEnvironment(choice));
    const { stdout } = await run(['grub-editenv', path, 'list']);
    const { slot, trial, tries } = choice;
    expect(stdout).toBe(`slot=${slot}\ntrial=${trial ?? ''}\ntries=${tries}\n`);
  });

  test('the box reads what GRUB writes', async () => {
    const path = join(directory, 'grubenv');
    await writeFile(path, formatEnvironment(onTrial('a', 3)));
    await run(['grub-editenv', path, 'set', 'tries=2']);
    expect(parseEnvironment(await readFile(path, 'latin1'))).toEqual({ slot: 'a', trial: 'b', tries: 2 });
  });

  test('all that varies lies in the first sector', () => {
    const longest = formatEnvironment(onTrial('b', mostTries));
    expect(longest).toHaveLength(1024);
    expect(longest.slice(512)).toBe('#'.repeat(512));
  });

  test.each([
    ['nothing', ''],
    ['another file', 'x'.repeat(1024)],
    ['no slot', '# GRUB Environment Block\ntries=1\n'.padEnd(1024, '#')],
    ['a slot that no disk has', '# GRUB Environment Block\nslot=c\ntries=1\n'.padEnd(1024, '#')],
    ['more tries than there are', '# GRUB Environment Block\nslot=a\ntrial=b\ntries=9\n'.padEnd(1024, '#')],
  ])('%s is none', (_, text) => {
    expect(parseEnvironment(text)).toBeNull();
  });
});

describe('standing', () => {
  test.each([
    ['settled', settled('a'), 'a'],
    ['switching', onTrial('a', 3), 'a'],
    ['trial', { ...onTrial('a', 3), tries: 2 }, 'b'],
    ['trial', { ...onTrial('a', 3), tries: 0 }, 'b'],
    ['fallen-back', { ...onTrial('a', 3), tries: 0 }, 'a'],
  ] as const)('%s: %j, running %s', (expected, choice, running) => {
    expect(standing(choice, running)).toBe(expected);
  });
});
