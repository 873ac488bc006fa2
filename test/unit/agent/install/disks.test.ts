import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { listDisks, parseDisks } from '../../../../agent/install/disks.ts';
import { installMode } from '../../../../agent/install/sequence.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const device = (more: object) => ({
  path: '/dev/sda',
  type: 'disk',
  size: 20e9,
  model: 'ACME SSD ',
  serial: null,
  ro: false,
  rm: false,
  tran: 'sata',
  'log-sec': 512,
  mountpoints: [null],
  ...more,
});
const disks = (...devices: object[]) => parseDisks(JSON.stringify({ blockdevices: devices.map(device) }));

describe('parseDisks', () => {
  test('gives what a disk tells of itself', () => {
    expect(disks({})).toEqual([{ path: '/dev/sda', size: 20e9, model: 'ACME SSD', serial: '', unfit: null }]);
  });

  test.for<[object, string]>([
    [{ mountpoints: ['/run/live/medium'] }, 'in use'],
    [{ children: [{ mountpoints: [null] }, { mountpoints: ['/var/lib/cpiab'] }] }, 'in use'],
    [{ rm: true }, 'removable'],
    [{ tran: 'usb' }, 'removable'],
    [{ ro: true }, 'read-only'],
    [{ 'log-sec': 4096 }, 'of sectors of 4096 bytes'],
  ])('%j makes it unfit: %s', ([more, unfit]) => {
    expect(disks(more)[0]?.unfit).toBe(unfit);
  });

  test('leaves out discs, memory, and drives without a medium', () => {
    const others = [{ type: 'rom' }, { type: 'loop' }, { path: '/dev/zram0' }, { size: 0 }];
    expect(disks(...others)).toEqual([]);
  });
});

test('listDisks reads what lsblk of this machine says', async () => {
  for (const { path } of await listDisks(new AbortController().signal)) expect(path).toMatch(/^\/dev\//);
});

describe('installMode', () => {
  const path = freshDirectory();
  test.for<[string, 'disk' | 'memory', string]>([
    ['auto\n', 'memory', 'auto'],
    ['ask\n', 'memory', 'ask'],
    ['never\n', 'memory', 'never'],
    ['else\n', 'memory', 'never'],
    // A machine that is installed: its medium is still in.
    ['auto\n', 'disk', 'never'],
  ])('%j with the state in %s is %s', async ([text, state, mode]) => {
    await writeFile(path('install'), text);
    expect(await installMode(path('install'), state)).toBe(mode);
  });

  test('is never where nobody said anything', async () => {
    expect(await installMode(path('none'), 'memory')).toBe('never');
  });
});
