import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../../host/process.ts';
import { isPassword } from '../../../sso/password.ts';

const main = join(import.meta.dirname, '../../../cli/main.ts');
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'secrets-user-'));
});
afterEach(async () => rm(directory, { recursive: true }));

const user = async (...args: string[]) =>
  (await run([process.execPath, main, 'secrets', 'user', ...args])).stdout;

test('a password is made, and its line for the env file', async () => {
  const text = await user('ada');
  const { line, password } = /^(?<line>.+)\n\npassword of ada: (?<password>.+)\n$/.exec(text)?.groups ?? {};
  expect(line?.split(':')[0]).toBe('ada');
  expect(await isPassword(password ?? '', line?.split(':')[1] ?? '')).toBe(true);
});

test('a password that somebody chose is not shown', async () => {
  const file = join(directory, 'password');
  await writeFile(file, 'correct horse battery\n', { mode: 0o600 });
  const text = await user('ada', '--password-file', file);
  expect(text).not.toContain('correct');
  expect(await isPassword('correct horse battery', text.trim().split(':')[1] ?? '')).toBe(true);
});

test('a name that would be no line is refused', async () => {
  await expect(user('Ada:x')).rejects.toThrow('E1010');
});
