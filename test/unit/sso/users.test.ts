import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashPassword, isPassword } from '../../../sso/password.ts';
import { keysOf, openState } from '../../../sso/state.ts';
import { Users } from '../../../sso/users.ts';

let directory: string;
let database: ReturnType<typeof openState>;
let users: Users;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'users-'));
  database = openState(join(directory, 'sso.db'));
  users = new Users([join(directory, 'users'), join(directory, 'postcheck')], database);
});
afterEach(async () => {
  database.close();
  await rm(directory, { recursive: true });
});

const declare = (text: string) => writeFile(join(directory, 'users'), text);

test('a hash that the reference implementation of Argon2 made is taken', async () => {
  // Source: phc-winner-argon2, src/test.c.
  const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  expect(await isPassword('password', hash)).toBe(true);
  expect(await isPassword('passwore', hash)).toBe(false);
});

test('each hash has a salt of its own', async () => {
  const [one, other] = [await hashPassword('a'), await hashPassword('a')];
  expect(one).not.toBe(other);
  expect([await isPassword('a', one), await isPassword('a', other)]).toEqual([true, true]);
});

test('a user of the box has the password that was printed, until he is removed or his time is over', async () => {
  const password = await users.add('ada', null);
  expect(password).toMatch(/^([0-9a-f]{6}-){4}[0-9a-f]{6}$/);
  expect(await users.isPassword('ada', password)).toBe(true);
  expect(await users.isPassword('ada', 'x')).toBe(false);
  expect([users.remove('ada'), users.remove('ada'), await users.has('ada')]).toEqual([true, false, false]);
  await users.add('guest', 0);
  expect(await users.has('guest')).toBe(false);
});

test('a declared user is there as long as his line is', async () => {
  const hash = await hashPassword('x');
  await declare(`ada:${hash}\n\n# brahms:${hash}\nclara:plain\nDora:${hash}\n`);
  expect(await users.isPassword('ada', 'x')).toBe(true);
  expect(await Promise.all(['brahms', 'clara', 'dora', ''].map((name) => users.has(name)))).toEqual(
    Array.from({ length: 4 }, () => false),
  );
  await declare('');
  expect(await users.has('ada')).toBe(false);
  await writeFile(join(directory, 'postcheck'), `ada:${hash}`);
  expect(await users.isPassword('ada', 'x')).toBe(true);
});

test('a name that is declared cannot be made on the box, nor one that is no name', async () => {
  await declare(`ada:${await hashPassword('x')}`);
  await expect(users.add('ada', null)).rejects.toThrow('declared in Git');
  await expect(users.add('a:b', null)).rejects.toThrow('not a name');
});

test('keys are made once', async () => {
  const keys = await keysOf(database);
  expect(await keysOf(database)).toEqual(keys);
});
