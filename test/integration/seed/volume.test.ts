import { mkdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { writeSeedVolume } from '../../../cli/seed/volume.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const { signal } = new AbortController();
const path = freshDirectory();
const script = resolve(import.meta.dirname, '../../../agent/files/usr/lib/cpiab/find-seed');
const text = 'apiVersion: cpiab.dev/v1\nkind: Seed\nhostname: rack-7\n';

/** Whether this machine's kernel reads what a box's does. */
const known = await readFile('/proc/filesystems', 'utf8');
const reads = { iso: /\tiso9660$/m.test(known), img: /\tvfat$/m.test(known) };

const loops: string[] = [];
afterEach(async () => {
  for (const loop of loops.splice(0)) await run(['losetup', '--detach', loop]);
});

/** A file as a block device. */
async function plugIn(file: string): Promise<string> {
  const { stdout } = await run(['losetup', '--find', '--show', '--read-only', file]);
  const loop = stdout.trim();
  loops.push(loop);
  return loop;
}

/** What the box's script finds among devices. */
async function find(devices: readonly string[], firmware = path('no-firmware')) {
  await run([script, path('found'), firmware, ...devices]).catch(() => {});
  const said = async (name: string) => await readFile(path('found', name), 'utf8').catch(() => null);
  return {
    origin: (await said('origin'))?.trim() ?? null,
    text: await said('seed.yaml'),
    unreadable: (await said('unreadable'))?.trim() ?? null,
    several: (await said('several'))?.trim() ?? null,
  };
}

describe.for(['iso', 'img'] as const)('a seed as .%s', (extension) => {
  test('has its label, and the file as it was', async () => {
    const file = path(`seed.${extension}`);
    await writeSeedVolume(text, file, signal);
    const { stdout } = await run(['blkid', '--probe', '--match-tag', 'LABEL', '--output', 'value', file]);
    expect(stdout.trim()).toBe('CPIAB-SEED');
    const copy = path('copy.yaml');
    if (extension === 'img') await run(['mcopy', '-i', file, '::seed.yaml', copy]);
    else await run(['xorriso', '-osirrox', 'on', '-indev', file, '-extract', '/seed.yaml', copy]);
    expect(await readFile(copy, 'utf8')).toBe(text);
  });

  test.runIf(reads[extension])('is found by the box, byte by byte', async () => {
    const file = path(`seed.${extension}`);
    await writeSeedVolume(text, file, signal);
    const loop = await plugIn(file);
    expect(await find([loop])).toEqual({
      ...{ origin: `volume ${loop.slice('/dev/'.length)}`, text, unreadable: null, several: null },
    });
  });

  test('has the same bytes whenever and wherever it is written', async () => {
    await writeSeedVolume(text, path(`one.${extension}`), signal);
    // FAT counts in steps of two seconds.
    await sleep(2100);
    const [umask, zone] = [process.umask(0o077), process.env['TZ']];
    process.env['TZ'] = 'Pacific/Chatham';
    try {
      await mkdir(path('elsewhere'));
      await writeSeedVolume(text, path('elsewhere', `two.${extension}`), signal);
    } finally {
      process.umask(umask);
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
    await run(['cmp', path(`one.${extension}`), path('elsewhere', `two.${extension}`)]);
  });
});

test('a seed as .img is one volume to Linux: it has no partition', async () => {
  await writeSeedVolume(text, path('seed.img'), signal);
  expect((await readFile(path('seed.img'))).subarray(446, 510)).toEqual(Buffer.alloc(64));
  await expect(run(['sfdisk', '--dump', path('seed.img')])).resolves.toMatchObject({
    stdout: expect.not.stringContaining('start='),
  });
});

test('a volume of another name is refused', async () => {
  await expect(writeSeedVolume(text, path('seed.raw'), signal)).rejects.toMatchObject({ code: 'E1313' });
  await expect(stat(path('seed.raw'))).rejects.toThrow();
});

describe('the box', () => {
  /** An ISO that others made. */
  async function foreign(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
    await mkdir(path(name));
    await fill(path(name));
    const argv = ['xorriso', '-as', 'mkisofs', '-quiet', '-volid', 'CPIAB-SEED', '-rational-rock'];
    await run([...argv, '-output', path(`${name}.iso`), path(name)]);
    return await plugIn(path(`${name}.iso`));
  }

  test('takes neither of two volumes', async () => {
    await writeSeedVolume(text, path('a.iso'), signal);
    await writeSeedVolume(text, path('b.img'), signal);
    const devices = [await plugIn(path('a.iso')), await plugIn(path('b.img'))];
    const found = await find(devices);
    expect(found.text).toBeNull();
    expect(found.several?.split(' ').toSorted()).toEqual(devices.map((each) => each.slice(5)).toSorted());
  });

  test.runIf(reads.iso)('says that a volume has no seed, and follows no link out of it', async () => {
    const empty = await foreign('empty', async (folder) => writeFile(join(folder, 'readme'), ''));
    expect(await find([empty])).toMatchObject({ text: null, unreadable: 'it has no file seed.yaml' });
    const link = await foreign('link', async (folder) => symlink('/etc/passwd', join(folder, 'seed.yaml')));
    expect(await find([link])).toMatchObject({ text: null, unreadable: 'it has no file seed.yaml' });
  });

  test.runIf(reads.iso)('reads no more of a file than shows that it is too large', async () => {
    const large = await foreign('large', async (folder) => {
      await writeFile(join(folder, 'seed.yaml'), '');
      await truncate(join(folder, 'seed.yaml'), 8 << 20);
    });
    expect((await find([large])).text?.length).toBe(65_537);
  });

  test('says why a volume that has the label cannot be read', async () => {
    await writeFile(path('swap'), '');
    await truncate(path('swap'), 1 << 20);
    await run(['mkswap', '--label', 'CPIAB-SEED', path('swap')]);
    const found = await find([await plugIn(path('swap'))]);
    expect(found).toMatchObject({ text: null, several: null });
    expect(found.unreadable).toMatch(/mount/);
  });

  test('finds nothing on other volumes', async () => {
    await writeFile(path('blank'), Buffer.alloc(1 << 20));
    expect(await find([await plugIn(path('blank'))])).toMatchObject({ origin: null, text: null });
  });

  test('prefers what the host of a virtual machine gives: firmware configuration, then SMBIOS', async () => {
    await writeSeedVolume(text, path('seed.iso'), signal);
    const loop = await plugIn(path('seed.iso'));
    await mkdir(path('firmware', 'dmi', 'tables'), { recursive: true });
    const oem = Buffer.from(`${text}# oem\n`).toString('base64');
    const table = Buffer.from(
      `\u000b\u0005\u0000\u0000\u0002other\u0000cpiab.seed=${oem}\u0000\u0000\u007f\u0004`,
    );
    await writeFile(path('firmware', 'dmi', 'tables', 'DMI'), table);
    expect(await find([loop], path('firmware'))).toMatchObject({
      origin: 'OEM strings',
      text: `${text}# oem\n`,
    });
    const key = path('firmware', 'qemu_fw_cfg', 'by_name', 'opt', 'cpiab', 'seed');
    await mkdir(key, { recursive: true });
    await writeFile(join(key, 'raw'), `${text}# firmware\n`);
    expect(await find([loop], path('firmware'))).toMatchObject({
      origin: 'firmware configuration',
      text: `${text}# firmware\n`,
    });
  });
});
