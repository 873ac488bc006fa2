import { open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { claimedEnd } from '../../../contract/encryption.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { lockedHeader } from '../../support/locked-header.ts';

const path = freshDirectory();
const scripts = resolve(import.meta.dirname, '../../../images/os/files/usr/lib/cpiab');
const SIZE = 64 << 20;

const loops: string[] = [];
afterEach(async () => {
  for (const loop of loops.splice(0)) await run(['losetup', '--detach', loop]);
});

/** A block device with some bytes at its start, and some at its end. */
async function device(start: Buffer, end: Buffer): Promise<string> {
  const file = path('disk');
  await writeFile(file, start);
  await truncate(file, SIZE);
  const handle = await open(file, 'r+');
  await handle.write(end, 0, end.length, SIZE - end.length);
  await handle.close();
  const { stdout } = await run(['losetup', '--find', '--show', file]);
  loops.push(stdout.trim());
  return stdout.trim();
}

const none = Buffer.alloc(0);
/** Runs functions of the box's own script. */
const data = async (script: string, ...args: string[]) => {
  const problem = 'problem() { printf "%s\\n" "$1"; }';
  return await run(['bash', '-c', `. "$0/data"; ${problem}; ${script}`, scripts, ...args]);
};
const holds = (condition: string, disk: string) =>
  data(condition, disk).then(
    () => true,
    () => false,
  );

describe('the partition that an image or an installation leaves', () => {
  test('is known as claimed, and has the seed byte for byte', async () => {
    const text = `apiVersion: cpiab.dev/v1\nkind: Seed\n# ${'é'.repeat(32_000)}\n`;
    const disk = await device(none, claimedEnd(text));
    expect(await holds('is_claimed "$1"', disk)).toBe(true);
    await data('take_seed "$1" "$2"', disk, path('first'));
    expect(await readFile(path('first', 'seed.yaml'), 'utf8')).toBe(text);
  });

  test('has none where none was given, and is blank once it is released', async () => {
    const disk = await device(none, claimedEnd());
    await data('take_seed "$1" "$2" && [[ ! -e $2/seed.yaml ]]', disk, path('first'));
    await data('clear_and_release "$1"', disk);
    expect(await holds('is_claimed "$1"', disk)).toBe(false);
    expect(await holds('is_blank "$1"', disk)).toBe(true);
  });

  test('has no room for a file system over claim and seed', async () => {
    const text = 'kind: Seed\n';
    const disk = await device(none, claimedEnd(text));
    // Stops before the release, as a power cut would.
    const cut = 'wanted_encryption() { echo none; }; clear_and_release() { return 1; }';
    await expect(
      data(`${cut}; take_seed() { mkdir -p "${path('none')}"; }; format "$1"`, disk),
    ).rejects.toThrow();
    expect(await holds('is_claimed "$1"', disk)).toBe(true);
    await data('take_seed "$1" "$2"', disk, path('first'));
    expect(await readFile(path('first', 'seed.yaml'), 'utf8')).toBe(text);
  });
});

describe('a disk with an encrypted state', () => {
  test('is no blank one', async () => {
    const disk = await device(lockedHeader('CPIAB-LUKS'), none);
    expect(await holds('is_blank "$1"', disk)).toBe(false);
  });

  test('is never formatted, although a claim is on it', async () => {
    const disk = await device(lockedHeader('CPIAB-LUKS'), claimedEnd());
    const before = (await run(['sha256sum', path('disk')])).stdout;
    const refused = data('wanted_encryption() { echo none; }; make_state "$1"', disk);
    await expect(refused).rejects.toThrow();
    expect((await run(['sha256sum', path('disk')])).stdout).toBe(before);
    expect(await holds('is_claimed "$1"', disk)).toBe(true);
  });

  test('that was cut off while it was made is made again', async () => {
    const disk = await device(lockedHeader('CPIAB-LUKS-NEW'), claimedEnd());
    await data('wanted_encryption() { echo none; }; make_state "$1"', disk);
    const { stdout } = await run(['blkid', '-p', '-o', 'value', '-s', 'TYPE', disk]);
    expect(stdout.trim()).toBe('ext4');
  });

  test('is found before a plain one, whatever the order', async () => {
    const lines = [
      '/dev/vda: LABEL="CPIAB-DATA" UUID="1" BLOCK_SIZE="4096" TYPE="ext4"',
      '/dev/vdb: UUID="2" LABEL="CPIAB-LUKS" TYPE="crypto_LUKS" PARTLABEL="cpiab-data"',
    ];
    const found = await data('labelled "$luks_label" crypto_LUKS "$@"', ...lines);
    expect(found.stdout.trim()).toBe('/dev/vdb');
    expect(await holds('labelled "$luks_label" crypto_LUKS "$1"', lines[0] ?? '')).toBe(false);
    expect((await data('labelled "$label" ext4 "$@"', ...lines)).stdout.trim()).toBe('/dev/vda');
  });
});

describe('a state that is encrypted, by the real cryptsetup', () => {
  const key = () => `key=${path('key')}`;

  test('is known as unfinished until it is whole, then as one that is never formatted', async () => {
    const disk = await device(none, claimedEnd());
    await writeFile(path('key'), 'correct horse battery', { mode: 0o600 });
    await data(`${key()}; make_header "$1"`, disk);
    expect(await holds('is_locked_state "$1"', disk)).toBe(false);
    expect(await holds('is_claimed "$1"', disk)).toBe(true);
    await data('name_finished "$1"', disk);
    expect(await holds('is_locked_state "$1"', disk)).toBe(true);
    await expect(data('wanted_encryption() { echo passphrase; }; make_state "$1"', disk)).rejects.toThrow();
    const opens = (passphrase: string) =>
      run(['cryptsetup', 'open', '--test-passphrase', '--key-file', '-', disk], { input: passphrase });
    await opens('correct horse battery');
    await expect(opens('correct horse buttery')).rejects.toMatchObject({ status: 2 });
  });

  test("by the seed's passphrase has that one, and no other is shown", async () => {
    await writeFile(path('given'), 'correct horse battery');
    const places = `${key()}; given=${path('given')}; recovery=${path('recovery')}`;
    await data(`${places}; first_passphrase tpm2`);
    expect(await readFile(path('key'), 'utf8')).toBe('correct horse battery');
    await expect(readFile(path('recovery'))).rejects.toThrow('ENOENT');
  });

  test('beside a TPM gets a passphrase that root alone can read', async () => {
    const places = `${key()}; given=${path('given')}; recovery=${path('recovery')}`;
    await data(`${places}; first_passphrase tpm2`);
    expect(`${await readFile(path('key'), 'utf8')}\n`).toBe(await readFile(path('recovery'), 'utf8'));
    for (const name of ['key', 'recovery']) expect((await stat(path(name))).mode & 0o777).toBe(0o600);
  });
});

test('no TPM means that nothing is written, and what to do', async () => {
  const disk = await device(none, claimedEnd('kind: Seed\n'));
  const before = (await run(['sha256sum', path('disk')])).stdout;
  const script = 'tpm=/dev/none; wanted_encryption() { echo tpm2; }; make_state "$1"; echo "status $?"';
  const { stdout } = await data(script, disk);
  expect(stdout).toMatch(/^the site wants the state encrypted by a TPM 2\.0.*\nstatus 1\n$/);
  expect((await run(['sha256sum', path('disk')])).stdout).toBe(before);
});

describe('a passphrase that is made', () => {
  test('has 128 bits in letters that most keyboards have at one place, another each time', async () => {
    const { stdout } = await data('make_passphrase; echo; make_passphrase');
    const [one, other] = stdout.split('\n');
    for (const made of [one, other])
      expect(made).toMatch(/^(?:[cbdefghijklnrtuv]{4}-){7}[cbdefghijklnrtuv]{4}$/);
    expect(one).not.toBe(other);
  });

  test.for(['cbde fghi jkln rtuv cbde fghi jkln rtuv', 'CBDE/FGHI/JKLN/RTUV/CBDE/FGHI/JKLN/RTUV'])(
    'is known when it is typed as %s',
    async (typed) => {
      const { stdout } = await data('as_made "$1"', typed);
      expect(stdout.trim()).toBe('cbde-fghi-jkln-rtuv-cbde-fghi-jkln-rtuv');
    },
  );

  test('is nothing else', async () => {
    expect(await holds('as_made "$1"', 'a passphrase of somebody')).toBe(false);
  });
});

test('the scripts are free of shellcheck findings', async () => {
  await run(['shellcheck', '--external-sources', '--source-path', scripts, resolve(scripts, 'data')]);
});
