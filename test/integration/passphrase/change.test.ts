import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { changePassphrase } from '../../../agent/passphrase/change.ts';
import { run } from '../../../host/process.ts';
import { freshPath } from '../../support/enroll/box.ts';
import { Container, scripts } from '../../support/passphrase/container.ts';

const { signal } = new AbortController();
const old = 'correct horse battery';
const fresh = 'another horse staple';
const secret = 'what a TPM has sealed';

const change = (on: Container, program = on.program(), given = { old, new: fresh }) =>
  changePassphrase(given, program, on.directory, signal);
const slotsOf = async (on: Container) => Object.keys((await on.header()).keyslots).length;

test('the new passphrase opens the state and the old one does not; what the TPM has sealed opens it as before', async () => {
  const state = await Container.make(old);
  await state.addToken(old, secret);
  await change(state);
  expect([await state.opens(fresh), await state.opens(old), await state.opens(secret)]).toEqual([
    true,
    false,
    true,
  ]);
  const { keyslots, tokens } = await state.header();
  expect(Object.keys(keyslots)).toHaveLength(2);
  expect(Object.values(tokens)).toEqual([expect.objectContaining({ type: 'systemd-tpm2' })]);
});

test('as the box runs it, the new one is guarded by argon2id with no more memory than a small box has', async () => {
  const state = await Container.make(old);
  await change(state, state.ownProgram);
  expect(await state.opens(fresh)).toBe(true);
  const [slot] = Object.values((await state.header()).keyslots);
  expect(slot).toMatchObject({ kdf: { type: 'argon2id' } });
  expect((slot as { kdf: { memory: number } }).kdf.memory).toBeLessThanOrEqual(262_144);
});

test('a wrong old passphrase changes nothing, and no passphrase is left in a file', async () => {
  const state = await Container.make(old);
  const before = await run(['sha256sum', join(state.directory, 'disk')]);
  const wrong = change(state, state.program(), { old: 'correct horse buttery', new: fresh });
  await expect(wrong).rejects.toMatchObject({ code: 'E5122' });
  expect((await run(['sha256sum', join(state.directory, 'disk')])).stdout).toBe(before.stdout);
  expect(await readdir(state.directory)).toEqual(['disk']);
});

test('the same again is done already, and the old one alone would not be enough', async () => {
  const state = await Container.make(old);
  await change(state);
  await change(state);
  expect(await slotsOf(state)).toBe(1);
  await expect(change(state, state.program(), { old, new: 'yet another passphrase' })).rejects.toMatchObject({
    code: 'E5122',
  });
});

test('a passphrase that was made may be typed with other hyphens', async () => {
  const state = await Container.make('cbde-fghi-jkln-rtuv-cbde-fghi-jkln-rtuv');
  await change(state, state.program(), { old: 'CBDEFGHI jklnrtuv cbdefghi jklnrtuv', new: fresh });
  expect([await state.opens(fresh), await slotsOf(state)]).toEqual([true, 1]);
});

test('what cryptsetup says against it is told, and the old passphrase opens the state', async () => {
  const state = await Container.make(old);
  const full =
    'cryptsetup() { [[ $1 != luksAddKey ]] || { echo "no space for a slot" >&2; return 1; }; command cryptsetup "$@"; }';
  await expect(change(state, state.program(full))).rejects.toMatchObject({
    code: 'E5123',
    message: expect.stringContaining('no space for a slot'),
  });
  expect(await state.opens(old)).toBe(true);
});

test('where the memory that a try needs is missing, no slot goes', async () => {
  const state = await Container.make(old);
  // Status 3 is "out of memory" (cryptsetup(8)).
  const scarce = 'cryptsetup() { [[ "$*" != *"--key-slot 0"* ]] || return 3; command cryptsetup "$@"; }';
  await expect(change(state, state.program(scarce))).rejects.toMatchObject({ code: 'E5123' });
  expect([await state.opens(old), await state.opens(fresh)]).toEqual([true, true]);
});

test('the disk is the one below the open state', async () => {
  const directory = await freshPath();
  for (const [name, target, disk] of [
    ['dm-0', 'another', 'vdb'],
    ['dm-1', 'cpiab-data', 'vda4'],
  ] as const) {
    await mkdir(join(directory, name, 'slaves', disk), { recursive: true });
    await mkdir(join(directory, name, 'dm'));
    await writeFile(join(directory, name, 'dm', 'name'), `${target}\n`);
  }
  const found = (blocks: string) =>
    run(['bash', '-c', '. "$0/change-passphrase"; blocks=$1; disk_of_state', scripts, blocks]);
  expect((await found(directory)).stdout).toBe('/dev/vda4\n');
  await expect(found(join(directory, 'dm-0'))).rejects.toThrow();
});

describe('cut off, one of the two opens the state, and the same again goes on to the end', () => {
  const survives = async (state: Container) => {
    expect((await state.opens(old)) || (await state.opens(fresh))).toBe(true);
    await change(state);
    expect([await state.opens(fresh), await state.opens(old), await slotsOf(state)]).toEqual([
      true,
      false,
      1,
    ]);
  };

  test.each([0, 1, 2, 3, 4, 5])('before call %i of cryptsetup', async (call) => {
    const state = await Container.make(old);
    const cut = `calls=0; cryptsetup() { ((calls++ != ${call})) || kill -KILL $$; command cryptsetup "$@"; }`;
    await expect(change(state, state.program(cut))).rejects.toMatchObject({ code: 'E5123' });
    await survives(state);
  });

  test('after any time that it has worked', async () => {
    let cuts = 0;
    for (let milliseconds = 10; ; milliseconds *= 1.2) {
      const state = await Container.make(old);
      const ended = await change(state, state.program('', milliseconds)).then(
        () => true,
        () => false,
      );
      await survives(state);
      if (ended) break;
      cuts += 1;
    }
    expect(cuts).toBeGreaterThan(3);
  });
});

test('the script is free of shellcheck findings', async () => {
  const own = join(scripts, 'change-passphrase');
  await run(['shellcheck', '--external-sources', '--source-path', scripts, own]);
});
