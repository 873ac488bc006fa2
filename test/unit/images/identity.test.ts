import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const os = resolve(import.meta.dirname, '../../../images/os');
const text = (path: string) => readFile(join(os, path), 'utf8');

test('no image has a machine id, so each boot makes one (machine-id(5)), and nothing keeps it', async () => {
  expect(await text('customize.sh')).toMatch(/^: >\/etc\/machine-id$/m);
  expect(await text('customize.sh')).toContain('\nsystemd-machine-id-commit.service\n');
});

test('a lease goes by the card, which no copy of a disk has', async () => {
  expect(await text('files/etc/systemd/network/20-lan.network')).toMatch(/^ClientIdentifier=mac$/m);
});
