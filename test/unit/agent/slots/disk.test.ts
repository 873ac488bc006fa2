import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { beforeEach, expect, test } from 'vitest';
import { findSlots } from '../../../../agent/slots/disk.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { boxPartitions } from '../../../support/gpt.ts';

const path = freshDirectory();

beforeEach(async () => {
  await mkdir(path('dev'));
  for (const [index, name] of boxPartitions.entries()) {
    const node = path('sda', `sda${index + 1}`);
    await mkdir(node, { recursive: true });
    await writeFile(
      `${node}/uevent`,
      `MAJOR=8\nMINOR=${index + 1}\nDEVNAME=sda${index + 1}\nPARTNAME=${name}\n`,
    );
    await symlink(node, path('dev', `8:${index + 1}`));
  }
  await mkdir(path('sr0'));
  await writeFile(path('sr0', 'uevent'), 'MAJOR=11\nMINOR=0\nDEVNAME=sr0\n');
  await symlink(path('sr0'), path('dev', '11:0'));
});

async function running(device: string) {
  const mountinfo = path('mountinfo');
  await writeFile(
    mountinfo,
    `20 1 0:20 / /run rw - tmpfs run rw\n21 20 ${device} / /run/live/medium ro - ext4 /dev/x ro\n`,
  );
  return await findSlots('/run/live/medium', path('run'), { mountinfo, blockDevices: path('dev') });
}

test.each([
  ['8:3', 'a'],
  ['8:4', 'b'],
])('a medium on device %s is slot %s', async (device, slot) => {
  expect((await running(device))?.running).toBe(slot);
});

test.each([
  ['a disc', '11:0'],
  ['another partition', '8:5'],
  ['nothing that the kernel knows', '9:9'],
])('a medium on %s is no slot', async (_, device) => {
  expect(await running(device)).toBeNull();
});
