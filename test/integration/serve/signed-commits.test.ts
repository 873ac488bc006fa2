import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../host/process.ts';
import { signatureProblem } from '../../../policy/signature/commit.ts';
import { BoxGit } from '../../support/box-git.ts';
import { removeTree } from '../../support/remove-tree.ts';

let keys: string;
let box: BoxGit;

const types = [
  ['ed25519', ['-t', 'ed25519']],
  ['rsa', ['-t', 'rsa', '-b', '2048']],
  ['ecdsa256', ['-t', 'ecdsa', '-b', '256']],
  ['ecdsa384', ['-t', 'ecdsa', '-b', '384']],
  ['ecdsa521', ['-t', 'ecdsa', '-b', '521']],
] as const;
const allowed = types.map(([name]) => name);

/** As an allowed signers file has it, without the comment. */
const signer = async (name: string) => {
  const [type, key] = (await readFile(join(keys, `${name}.pub`), 'utf8')).split(' ');
  return `${name}@example.org ${type} ${key}`;
};
const keygen = (name: string, args: readonly string[]) =>
  run(['ssh-keygen', '-q', '-N', '', '-C', '', '-f', join(keys, name), ...args]);

beforeAll(async () => {
  keys = await mkdtemp(join(tmpdir(), 'cpiab-keys-'));
  for (const [name, args] of types) await keygen(name, args);
  await keygen('stranger', ['-t', 'ed25519']);
  await keygen('short', ['-t', 'rsa', '-b', '1024']);
  box = await BoxGit.start({ signed: 'ssh', allowedSigners: await Promise.all(allowed.map(signer)) });
});
afterEach(() => box.reset());
afterAll(async () => {
  await box.stop();
  await removeTree(keys);
});

async function signed(name: string, message = 'signed'): Promise<string> {
  await box.git(
    ...['-c', 'gpg.format=ssh', '-c', `user.signingKey=${join(keys, name)}`],
    ...['commit', '--quiet', '--allow-empty', '-S', '--message', message],
  );
  return await box.git('rev-parse', 'HEAD');
}

/** A commit's object after a change of its bytes, as a commit of the work tree. */
async function rewritten(change: (text: string) => string): Promise<void> {
  const text = await box.git('cat-file', 'commit', 'HEAD');
  expect(change(text)).not.toBe(text);
  const file = join(keys, 'commit');
  await writeFile(file, `${change(text)}\n`);
  await box.git('reset', '--quiet', '--hard', await box.git('hash-object', '-t', 'commit', '-w', file));
}

describe('where the site asks for signatures of its people', () => {
  test.each(allowed)('a commit signed with %s is taken', async (name) => {
    await signed(name);
    expect((await box.push('main')).said).toContain('published');
  });

  test('a commit without a signature is refused, and named', async () => {
    const id = await box.commit();
    expect((await box.push('main')).said).toContain(`commit ${id.slice(0, 12)}: signature: is not signed`);
  });

  test('an unsigned commit below a signed one is refused', async () => {
    const id = await box.commit();
    await signed('ed25519');
    expect((await box.push('main')).said).toContain(`commit ${id.slice(0, 12)}: signature: is not signed`);
  });

  test("a stranger's signature is refused", async () => {
    await signed('stranger');
    expect((await box.push('main')).said).toContain(
      'signed by a key that the site does not allow: ssh-ed25519',
    );
  });

  test('a commit that was changed after it was signed is refused', async () => {
    await signed('ed25519', 'pay 10');
    await rewritten((text) => text.replace('pay 10', 'pay 99'));
    expect((await box.push('main')).said).toContain('has a signature that is not of this commit');
  });

  test('a signature that was moved from another commit is refused', async () => {
    const first = await signed('ed25519', 'one');
    const [signature] = /gpgsig [^\n]*(?:\n [^\n]*)*\n/.exec(await box.git('cat-file', 'commit', first)) ?? [
      '',
    ];
    await box.git('commit', '--quiet', '--amend', '--allow-empty', '--no-gpg-sign', '--message', 'two');
    await rewritten((text) => text.replace('\n\n', `\n${signature}\n`));
    expect((await box.push('main')).said).toContain('has a signature that is not of this commit');
  });

  test('a key that is too short is refused', async () => {
    await signed('short');
    expect((await box.push('main')).said).toContain('RSA keys of less than 2048 bits are not taken');
  });

  test('another branch needs no signature', async () => {
    await box.commit();
    expect((await box.push('main:refs/heads/draft')).taken).toBe(true);
  });
});

describe('a signature', () => {
  const policy = { signed: 'any', allowedSigners: [] } as const;
  const commit = async (id: string) => Buffer.from(`${await box.git('cat-file', 'commit', id)}\n`);

  test('of any key is enough where the site says so', async () => {
    const object = await commit(await signed('stranger'));
    expect(signatureProblem(object, { ...policy, allowedSigners: [] })).toBeNull();
    expect(signatureProblem(object, { signed: 'ssh', allowedSigners: [] })).toMatch(/does not allow/);
  });

  test('that ssh-keygen made for something else than git does not count', async () => {
    const id = await box.commit();
    const file = join(keys, 'payload');
    await writeFile(file, await commit(id));
    await run(['ssh-keygen', '-q', '-Y', 'sign', '-f', join(keys, 'ed25519'), '-n', 'file', file]);
    const armoured = (await readFile(`${file}.sig`, 'utf8')).trimEnd().replaceAll('\n', '\n ');
    const object = (await commit(id)).toString().replace('\n\n', `\ngpgsig ${armoured}\n\n`);
    expect(signatureProblem(Buffer.from(object), { ...policy, allowedSigners: [] })).toMatch(
      /made for file, not for git/,
    );
  });

  test.each([
    [
      'OpenPGP',
      'gpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----',
      /not signed with SSH/,
    ],
    [
      'cut off',
      'gpgsig -----BEGIN SSH SIGNATURE-----\n U1NIU0lH\n -----END SSH SIGNATURE-----',
      /cannot be checked: cut off/,
    ],
    [
      'of nothing',
      'gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----',
      /cannot be checked/,
    ],
    ['twice', 'gpgsig a\ngpgsig b', /two signatures/],
  ])('that is %s is refused', (_, field, why) => {
    const object = Buffer.from(`tree 1\nauthor a\n${field}\n\nmessage\n`);
    expect(signatureProblem(object, { ...policy, allowedSigners: [] })).toMatch(why);
  });
});
