import { expect, test } from 'vitest';
import { commands } from '../../../cli/commands.ts';
import { locate, systemPackages } from '../../../host/system-packages.ts';
import { idleContext } from '../../support/context.ts';

const names = commands.map((make) => make(idleContext('/')).name());

test('every package has a proof, a command that needs it, and a purpose', async () => {
  const packages = await systemPackages();
  expect(packages.length).toBeGreaterThan(9);
  for (const { name, proof, commands, purpose } of packages) {
    expect(name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
    expect(proof).toMatch(/^(\/\S+|[\w.-]+)$/);
    for (const command of commands) expect(names).toContain(command);
    expect(purpose).not.toBe('');
  }
});

test('`test` needs everything that building and booting need', async () => {
  const missing = (await systemPackages()).filter(({ commands }) => !commands.includes('test'));
  expect(missing).toEqual([]);
});

test('programs are found along PATH, files by their path', async () => {
  expect(await locate('sh', '/nowhere:/bin')).toBe('/bin/sh');
  expect(await locate('/etc/passwd')).toBe('/etc/passwd');
  expect(await locate('sh', '/nowhere')).toBeUndefined();
  expect(await locate('/nowhere/at-all')).toBeUndefined();
});
