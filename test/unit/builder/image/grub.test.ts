import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diskGrubConfig, isoGrubConfig } from '../../../../builder/image/grub.ts';
import { grubMenu, isoMenu } from '../../../../contract/boot-menu.ts';
import { mostTries } from '../../../../contract/boot-slots.ts';
import { type InstallMode, installModes } from '../../../../contract/install.ts';
import { run } from '../../../../host/process.ts';
import { removeTree } from '../../../support/remove-tree.ts';

const slots = { a: 'hd0,gpt3', b: 'hd0,gpt4' };
const disk = diskGrubConfig();

test.each<[string, string]>([
  ['a disk', disk],
  ['an ISO', isoGrubConfig('cpiab-0123')],
  ['a slot', grubMenu('cpiab-0123')],
  ...installModes.map((mode) => [`an ISO of mode ${mode}`, isoMenu('cpiab-0123', mode)] as [string, string]),
])('GRUB takes the configuration of %s', async (_, text) => {
  const directory = await mkdtemp(join(tmpdir(), 'cpiab-grub-'));
  try {
    await writeFile(join(directory, 'grub.cfg'), text);
    await run(['grub-script-check', join(directory, 'grub.cfg')]);
  } finally {
    await removeTree(directory);
  }
});

/** What the script does to the choice, by the shell, which has the same words for what it uses. */
async function chosen(slot: string, trial: string, tries: number, { save = true, menu = true } = {}) {
  const commands = [
    'load_env() { slot=$S; trial=$T; tries=$N; }',
    `save_env() { saved=$tries; ${save ? 'true' : 'false'}; }`,
    'regexp() { disk=hd0; }',
    'configfile() { echo "$root $saved $cpiab_arguments"; }',
    'set() { IFS="=" read -r name value <<<"$1"; eval "$name=\\$value"; }',
  ];
  const script = disk
    .replaceAll(/\((\$disk,gpt2|\$root)\)/g, '')
    .replaceAll('[ ! -s /boot/grub/grub.cfg ]', menu ? 'false' : 'true');
  const env = { S: slot, T: trial, N: String(tries) };
  return (await run(['bash', '-c', `${commands.join('\n')}\n${script}`], { env })).stdout.trim();
}

describe('a disk starts', () => {
  test('the slot that works', async () => {
    expect(await chosen('a', '', 0)).toBe(slots.a);
    expect(await chosen('b', '', 0)).toBe(slots.b);
  });

  test.each(Array.from({ length: mostTries }, (_, left) => left))(
    'the slot on trial, with %d tries left, after it took one off',
    async (left) => {
      expect(await chosen('a', 'b', left + 1)).toBe(`${slots.b} ${left} cpiab.trial`);
      expect(await chosen('b', 'a', left + 1)).toBe(`${slots.a} ${left} cpiab.trial`);
    },
  );

  test('the slot that works, once all tries are used', async () => {
    expect(await chosen('a', 'b', 0)).toBe(slots.a);
    expect(await chosen('b', 'a', 0)).toBe(slots.b);
  });

  test('the slot that works, when a try cannot be counted', async () => {
    expect(await chosen('a', 'b', 3, { save: false })).toBe(`${slots.a} 2`);
  });

  test('the other slot, when one has no menu', async () => {
    expect(await chosen('a', '', 0, { menu: false })).toBe(slots.b);
    expect(await chosen('a', 'b', 3, { menu: false })).toBe(`${slots.a} 2`);
  });
});

describe('the clock of a machine', () => {
  const menu = grubMenu('cpiab-0123');

  /** The kernel's command line, by the shell, on a machine of this maker. */
  async function commandLine(maker: string) {
    const begin = menu.slice(menu.indexOf('smbios '), menu.indexOf('menuentry '));
    const [, linux = ''] = /\n {2}linux (.*)/.exec(menu) ?? [];
    const commands = [
      'smbios() { cpiab_maker=$MAKER; }',
      'set() { IFS="=" read -r name value <<<"$1"; eval "$name=\\$value"; }',
    ];
    const script = `${commands.join('\n')}\n${begin}\necho ${linux}`;
    return (await run(['bash', '-c', script], { env: { MAKER: maker } })).stdout;
  }

  test('is trusted where QEMU made it, and as Linux finds it elsewhere', async () => {
    expect(await commandLine('QEMU')).toMatch(/ tsc=reliable /);
    expect(await commandLine('Dell Inc.')).not.toContain('tsc');
  });
});

describe("an ISO's menu", () => {
  const entries = (mode: InstallMode) =>
    [...isoMenu('cpiab-0123', mode).matchAll(/menuentry '(.*)' \{\n {2}linux (.*)/g)].map(
      ([, title = '', line = '']) => [title, /cpiab\.install=(\w+)/.exec(line)?.[1]],
    );

  test('begins with what the site says, and has the rest', () => {
    const auto = ['Install to the disk that fits', 'auto'];
    const ask = ['Install to a disk', 'ask'];
    expect(entries('auto')).toEqual([auto, ask, ['Run from this medium', 'never']]);
    expect(entries('ask')).toEqual([ask, ['Run from this medium', 'never']]);
    expect(entries('never')).toEqual([['Run from this medium', undefined], ask]);
  });

  test('waits for a person, which that of a slot does not', () => {
    expect(isoMenu('cpiab-0123', 'never')).toContain('set timeout=3\n');
    expect(grubMenu('cpiab-0123')).toContain('set timeout=0\n');
  });
});
