import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { finishRestore } from '../../../agent/backup/finish.ts';
import { makeIdentity } from '../../../host/age/keys.ts';
import { run } from '../../../host/process.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { cpiab, refusalOf, startBox, stateOf } from '../../support/backup/box.ts';
import { fillVolume, hashOfTree } from '../../support/backup/trees.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const here = freshDirectory();
const volume = 'volumes/pvc-1_syncthing_data';
const restored = ['kubernetes/pki', 'kubernetes/admin.conf', 'kubelet/pki', 'kubelet/config.yaml'].concat(
  'tls/api.key',
  'box-id',
  'engine-initialised',
  volume,
);
let old: TestApi;
let fresh: TestApi;

beforeEach(async () => {
  old = await startBox('old');
  fresh = await startBox('fresh');
  await fillVolume(join(stateOf(old), volume));
  await fillVolume(join(stateOf(old), 'volumes/pvc-2_cache_data'));
  await run(['age-keygen', '-o', here('key')]);
});
afterEach(() => Promise.all([old.close(), fresh.close()]));

async function backup(): Promise<string> {
  const recipient = (await run(['age-keygen', '-y', here('key')])).stdout.trim();
  await cpiab(old, 'backup', '--out', here('box.age'), '--recipient', recipient);
  return here('box.age');
}

describe('a backup', () => {
  test('restored onto an empty box gives the same Git, keys and volumes, to the last attribute', async () => {
    const file = await backup();
    expect(await readdir(here())).toEqual(['box.age', 'key']);
    expect(await old.board.get('git').head()).toBeDefined();
    const { box } = (await cpiab(fresh, 'restore', file, '--identity', here('key'))) as { box: string };
    expect(box).toBe(`${fresh.url}#${old.identity.fingerprint}`);
    expect(fresh.reboots()).toBe(1);
    const before = await readFile(join(stateOf(fresh), 'box-id'), 'utf8');
    expect(before).toBe('fresh\n');
    expect(await finishRestore(stateOf(fresh))).toBe(true);
    for (const name of restored)
      expect([name, await hashOfTree(stateOf(fresh), [name])]).toEqual([
        name,
        await hashOfTree(stateOf(old), [name]),
      ]);
    const refs = async (api: TestApi) =>
      (await run(['git', '--git-dir', join(stateOf(api), 'git/lab.git'), 'show-ref'])).stdout;
    expect(await refs(fresh)).toBe(await refs(old));
    const holes = await stat(join(stateOf(fresh), volume, 'holes'));
    expect(holes.blocks * 512).toBeLessThan(holes.size / 10);
    expect(await readFile(join(stateOf(fresh), 'engine-snapshot'), 'utf8')).toBe('store of old');
    // The machine's own stays; what the old cluster ran is gone.
    expect(await readFile(join(stateOf(fresh), 'sequence'), 'utf8')).toBe('fresh\n');
    expect(existsSync(join(stateOf(fresh), 'etcd/member'))).toBe(false);
    expect(existsSync(join(stateOf(fresh), 'volumes/pvc-2_cache_data'))).toBe(false);
    expect(await finishRestore(stateOf(fresh))).toBe(false);
  });

  test('is read by age and tar alone', async () => {
    const file = await backup();
    const script = `age -d -i ${here('key')} ${file} | tar -x -C ${here()} && cat ${here('box.tar')}/* | tar -xO box-id`;
    expect((await run(['sh', '-c', script])).stdout).toBe('old\n');
  });

  test('with a passphrase is for who knows it; no key of it is on the box', async () => {
    await writeFile(here('pass'), 'correct horse battery staple\n');
    const out = here('box.age');
    await cpiab(old, 'backup', '--out', out, '--passphrase-file', here('pass'));
    expect(await cpiab(old, 'restore', out, '--passphrase-file', here('pass'), '--check')).toMatchObject({
      kind: 'BackupManifest',
      boxId: 'old',
    });
    await writeFile(here('pass'), 'wrong\n');
    const wrong = await refusalOf(cpiab(old, 'restore', out, '--passphrase-file', here('pass'), '--check'));
    expect(wrong.code).toBe('CPIAB-E2181');
    expect(await readdir(join(stateOf(old), 'backups'))).toEqual([]);
  });

  test('is fetched on from where a run before was cut off', async () => {
    const recipient = (await run(['age-keygen', '-y', here('key')])).stdout.trim();
    const record = await old.board.report.snapshot();
    expect(record.box.id).toBe('old');
    const client = [
      'curl',
      '--silent',
      '--fail',
      '--insecure',
      '--cert',
      old.files.certificate,
      '--key',
      old.files.key,
    ];
    const made = await run([
      ...client,
      '--data',
      JSON.stringify({ recipients: [recipient] }),
      `${old.url}/v1/backup`,
    ]);
    const { name, size } = JSON.parse(made.stdout) as { name: string; size: number };
    await writeFile(here('box.age.part.json'), made.stdout);
    const whole = await readFile(join(stateOf(old), 'backups', name));
    await writeFile(here('box.age.part'), whole.subarray(0, size - 1000));
    await cpiab(old, 'backup', '--out', here('box.age'), '--recipient', recipient);
    expect((await readFile(here('box.age'))).equals(whole)).toBe(true);
    expect(await readdir(join(stateOf(old), 'backups'))).toEqual([]);
  });

  test('is written down in the log, with who had it made', async () => {
    await backup();
    const { entries } = await old.audit.read(0);
    const told = entries
      .filter(({ action }) => action === 'backup')
      .map(({ who, outcome }) => [who.name, outcome]);
    expect(told).toEqual([
      ['alice', 'begun'],
      ['alice', 'done'],
    ]);
  });
});

describe('is refused, and nothing is changed', () => {
  test('a restore onto a box with pushed commits or volumes, unless its identifier is given', async () => {
    const file = await backup();
    await fillVolume(join(stateOf(fresh), 'volumes/pvc-9_app_data'));
    const own = await refusalOf(cpiab(fresh, 'restore', file, '--identity', here('key')));
    expect([own.code, own.message]).toEqual(['CPIAB-E5308', expect.stringContaining('E5404')]);
    expect(own.hint).toBe('to lose that, restore with --replace fresh');
    const other = await refusalOf(
      cpiab(fresh, 'restore', file, '--identity', here('key'), '--replace', 'old'),
    );
    expect(other.message).toContain('E5404');
    expect(fresh.reboots()).toBe(0);
    await cpiab(fresh, 'restore', file, '--identity', here('key'), '--replace', 'fresh');
    expect(fresh.reboots()).toBe(1);
  });

  test('a restore onto a box that keeps its state in memory', async () => {
    const file = await backup();
    fresh.report.set({ state: 'memory' });
    const refused = await refusalOf(cpiab(fresh, 'restore', file, '--identity', here('key')));
    expect(refused.message).toContain('E5405');
    expect(existsSync(join(stateOf(fresh), 'restore'))).toBe(false);
  });

  test('a backup of a box that has not started its engine', async () => {
    const idle = await startTestApi(() => undefined);
    try {
      await run(['cp', '-a', join(old.directory, '.config'), idle.directory]);
      await writeFile(join(idle.directory, '.config/cpiab/keys/lab/operator.crt'), idle.operator.certificate);
      await writeFile(join(idle.directory, '.config/cpiab/keys/lab/operator.key'), idle.operator.key);
      const { recipient } = makeIdentity();
      const refused = await refusalOf(cpiab(idle, 'backup', '--out', here('x'), '--recipient', recipient));
      expect(refused.message).toContain('E5406');
    } finally {
      await idle.close();
    }
  });

  test('two at a time', async () => {
    const { recipient } = makeIdentity();
    const client = [
      'curl',
      '--silent',
      '--insecure',
      '--cert',
      old.files.certificate,
      '--key',
      old.files.key,
    ];
    const make = () =>
      run([...client, '--data', JSON.stringify({ recipients: [recipient] }), `${old.url}/v1/backup`]);
    const answers = await Promise.all([make(), make(), make()]);
    const codes = answers.map(({ stdout }) => (JSON.parse(stdout) as { code?: string }).code);
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes).toContain('CPIAB-E5402');
  });

  test('whoever has no credential of an operator', async () => {
    for (const path of ['backup', 'restore'])
      expect(
        (
          await run([
            'curl',
            '-sk',
            '-o',
            '/dev/null',
            '-w',
            '%{http_code}',
            '-d',
            '{}',
            `${old.url}/v1/${path}`,
          ])
        ).stdout,
      ).toBe('403');
    await run(['rm', '-r', join(old.directory, '.config')]);
    const { recipient } = makeIdentity();
    const none = await refusalOf(cpiab(old, 'backup', '--out', here('x'), '--recipient', recipient));
    expect(none.code).toBe('CPIAB-E1413');
  });

  test('what was typed wrong', async () => {
    const code = async (...args: string[]) => (await refusalOf(cpiab(old, ...args))).code;
    expect(await code('backup', '--out', here('x'))).toBe('CPIAB-E1411');
    expect(await code('backup', '--out', here('x'), '--recipient', 'age1x')).toBe('CPIAB-E1412');
    expect(await code('backup', '--out', here('key'), '--recipient', makeIdentity().recipient)).toBe(
      'CPIAB-E1414',
    );
    await writeFile(here('none'), '# nothing\n');
    expect(await code('restore', here('key'), '--identity', here('none'))).toBe('CPIAB-E1412');
  });
});
