import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const repository = resolve(import.meta.dirname, '../../..');

test('the operating system has no package that lets anyone log in from elsewhere', async () => {
  const lock = JSON.parse(await readFile(join(repository, 'config/clusters/lab.lock.json'), 'utf8'));
  const names: string[] = lock.debian.sets.os;
  expect(names).toContain('systemd');
  expect(
    names.filter((name) => /ssh-?(server|d)|tinyssh|dropbear|telnet|rsh|xrdp|vnc|cockpit|webmin/.test(name)),
  ).toEqual([]);
});

test('no console asks for a login', async () => {
  const script = await readFile(join(repository, 'images/os/customize.sh'), 'utf8');
  const masked = script.split('\n');
  for (const unit of ['getty.target', 'serial-getty@.service']) expect(masked).toContain(unit);
});
