import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { finishRestore } from '../../../agent/backup/finish.ts';
import { requireLandable } from '../../../agent/backup/land.ts';
import type { BackupManifest, Landing } from '../../../contract/backup.ts';
import { handedOver, reminted } from '../../../contract/cargo.ts';
import { run } from '../../../host/process.ts';
import type { TestApi } from '../../support/api.ts';
import { cpiab, refusalOf, startBox, stateOf } from '../../support/backup/box.ts';
import { fillVolume, hashOfTree } from '../../support/backup/trees.ts';
import { giveSiteKey } from '../../support/cargo/seal.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const here = freshDirectory();
const volume = 'volumes/pvc-1_syncthing_data';
let old: TestApi;
let fresh: TestApi;
let senderKey: string;

beforeEach(async () => {
  old = await startBox('old');
  fresh = await startBox('fresh');
  await fillVolume(join(stateOf(old), volume));
  await writeFile(join(stateOf(old), volume, 'large'), Buffer.alloc(6 << 20, 'large'));
  await writeFile(join(stateOf(old), 'age.key'), 'AGE-SECRET-KEY-1OLD\n');
  senderKey = (await giveSiteKey(old)).path;
  await run(['age-keygen', '-o', here('key')]);
});
afterEach(() => Promise.all([old.close(), fresh.close()]));

async function seal(to: TestApi = fresh, id = 'fresh'): Promise<void> {
  const recipient = (await run(['age-keygen', '-y', here('key')])).stdout.trim();
  const receiver = `${id}#${to.identity.fingerprint}`;
  await cpiab(old, 'cargo', 'seal', here('cargo'), '--receiver', receiver, '--recipient', recipient);
}

const land = (...more: string[]) =>
  cpiab(fresh, 'cargo', 'land', here('cargo'), '--key', senderKey, '--identity', here('key'), ...more);

const there = async (names: readonly string[]) =>
  names.filter((name) => existsSync(join(stateOf(fresh), name)));

describe('a cargo that is landed', () => {
  test("gives the box the other's cluster, Git and volumes, and leaves it its name, keys, authorities and log", async () => {
    await seal();
    const own = await there(reminted);
    expect(own).toEqual(['audit', 'box-id', 'engine-initialised', 'enroll', 'kubelet', 'kubernetes', 'tls']);
    const before = await hashOfTree(stateOf(fresh), own);
    const { box } = await land();
    expect(box).toBe(`${fresh.url}#${fresh.identity.fingerprint}`);
    expect(fresh.reboots()).toBe(1);
    expect(await finishRestore(stateOf(fresh))).toBe(true);

    expect(await hashOfTree(stateOf(fresh), own)).toBe(before);
    expect(await hashOfTree(stateOf(fresh), [volume])).toBe(await hashOfTree(stateOf(old), [volume]));
    const refs = async (api: TestApi) =>
      (await run(['git', '--git-dir', join(stateOf(api), 'git/lab.git'), 'show-ref'])).stdout;
    expect(await refs(fresh)).toBe(await refs(old));
    expect(await readFile(join(stateOf(fresh), 'age.key'), 'utf8')).toBe('AGE-SECRET-KEY-1OLD\n');
    expect(await readFile(join(stateOf(fresh), 'engine-snapshot'), 'utf8')).toBe('store of old');
    expect(await there(['engine-adopted', 'etcd/member', 'containerd/meta.db'])).toEqual(['engine-adopted']);
    expect(await readdir(join(stateOf(fresh), 'cargo'))).toEqual(['landed.json']);
    expect(await finishRestore(stateOf(fresh))).toBe(false);
  });

  test('has nothing by which its box is known, wherever one looks', async () => {
    await seal();
    await land();
    const tree = join(stateOf(fresh), 'restore', 'tree');
    expect((await readdir(tree)).toSorted()).toEqual(
      [
        'cargo',
        'engine-adopted',
        'engine-snapshot',
        ...handedOver.filter((name) => name !== 'etcd'),
      ].toSorted(),
    );
    const secrets = 'cluster authority of old|kubeconfig of old|kubelet of old|key of old';
    const found = await run(['grep', '-rlE', secrets, stateOf(fresh)]).catch(
      ({ status }: { status: number }) => status,
    );
    expect(found).toBe(1);
  });

  test('is brought on from where a run before was cut off', async () => {
    await seal();
    // The box refuses when it has all of it, and keeps it.
    fresh.report.set({ state: 'memory' });
    expect((await refusalOf(land())).message).toContain('E5405');
    const [name = ''] = await readdir(join(stateOf(fresh), 'cargo'));
    const part = join(stateOf(fresh), 'cargo', name);
    const whole = await readFile(part);
    fresh.report.set({ state: 'disk' });
    // A byte of what is there differs: that is found out only because it is not sent again.
    const half = Buffer.from(whole.subarray(0, 5 << 20));
    await writeFile(part, half.fill('x', 1000, 1001));
    expect((await refusalOf(land())).message).toContain('E2103');
    expect(existsSync(part)).toBe(false);
    await writeFile(part, whole.subarray(0, 5 << 20));
    await land();
    expect(fresh.reboots()).toBe(1);
  });

  test('is written down by the box, and needs the operator of its site', async () => {
    await seal();
    await land();
    const { entries } = await fresh.audit.read(0);
    const told = entries
      .filter(({ subject }) => subject === 'cargo')
      .map(({ who, outcome }) => [who.name, outcome]);
    expect(told).toEqual([
      ['alice', 'begun'],
      ['alice', 'done'],
    ]);
    const code = ['curl', '-sk', '-o', '/dev/null', '-w', '%{http_code}'];
    for (const method of ['GET', 'PUT', 'POST'])
      expect((await run([...code, '-X', method, `${fresh.url}/v1/cargo/${'0'.repeat(64)}`])).stdout).toBe(
        '403',
      );
  });
});

describe('is refused, and nothing of the box is changed', () => {
  const unchanged = async (work: Promise<unknown>) => {
    const names = (await readdir(stateOf(fresh))).filter((name) => name !== 'cargo');
    const before = await hashOfTree(stateOf(fresh), names);
    const refused = await refusalOf(work);
    expect(await hashOfTree(stateOf(fresh), names)).toBe(before);
    expect((await readdir(stateOf(fresh))).filter((name) => name !== 'cargo')).toEqual(names);
    expect(fresh.reboots()).toBe(0);
    return refused;
  };

  test('a cargo for another box', async () => {
    await seal(old, 'old');
    expect((await unchanged(land())).code).toBe('CPIAB-E2191');
  });

  test("one that is signed by nobody whom the box's operator knows", async () => {
    await seal();
    const unknown = cpiab(fresh, 'cargo', 'land', here('cargo'), '--identity', here('key'));
    expect((await unchanged(unknown)).code).toBe('CPIAB-E2102');
  });

  test('a box with state of its own, unless its identifier is given', async () => {
    await seal();
    await fillVolume(join(stateOf(fresh), 'volumes/pvc-9_app_data'));
    expect((await unchanged(land())).message).toContain('E5404');
    await land('--replace', 'fresh');
    expect(fresh.reboots()).toBe(1);
  });

  test("a box whose cluster's node has another name", async () => {
    await writeFile(join(stateOf(old), 'hostname'), 'harbour\n');
    await seal();
    const refused = await unchanged(land());
    expect(refused.message).toMatch(/E5403.*the name harbour/);
    await writeFile(join(stateOf(fresh), 'hostname'), 'harbour\n');
    await land();
  });

  test('by a restore, and a backup by a landing', async () => {
    await seal();
    const curl = ['curl', '-sk', '--cert', fresh.files.certificate, '--key', fresh.files.key];
    const recipient = (await run(['age-keygen', '-y', here('key')])).stdout.trim();
    const asked = JSON.stringify({ recipients: [recipient], contents: 'cargo' });
    const made = await run([
      ...['curl', '-sk', '--cert', old.files.certificate, '--key', old.files.key],
      ...['--data', asked, `${old.url}/v1/backup`],
    ]);
    const { name } = JSON.parse(made.stdout) as { name: string };
    await run(['cp', join(stateOf(old), 'backups', name), here('lean.age')]);
    const lean = await unchanged(cpiab(fresh, 'restore', here('lean.age'), '--identity', here('key')));
    expect(lean.message).toMatch(/E5403.*it is in a cargo/);
    await cpiab(old, 'backup', '--out', here('box.age'), '--recipient', recipient);
    await run(['sh', '-c', `age -d -i ${here('key')} ${here('box.age')} > ${here('box.tar')}`]);
    const [sha256 = ''] = (await run(['sha256sum', here('box.tar')])).stdout.split(' ');
    const { size } = await stat(here('box.tar'));
    const where = `${fresh.url}/v1/cargo/${sha256}`;
    await run([...curl, '-T', here('box.tar'), `${where}?offset=0&length=${size}`]);
    const { stdout } = await run([...curl, '-X', 'POST', where]);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'CPIAB-E5403' });
    expect(existsSync(join(stateOf(fresh), 'restore'))).toBe(false);
  });

  test('what was never brought', async () => {
    const curl = ['curl', '-sk', '--cert', fresh.files.certificate, '--key', fresh.files.key, '-X', 'POST'];
    const { stdout } = await run([...curl, `${fresh.url}/v1/cargo/${'0'.repeat(64)}`]);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'CPIAB-E2180' });
  });
});

describe("a box holds a cargo's papers against itself, whoever brings them", () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  const receiver = { boxId: 'fresh', fingerprint: 'b'.repeat(64) };
  const landing: Landing = {
    ...{ cargo: '1'.repeat(64), key: 'K', sequence: 5, receiver },
    ...{ created: '2026-11-22T11:00:00.000Z', expires: '2026-11-22T13:00:00.000Z' },
  };
  const papers = (changed: Partial<Landing>) =>
    ({
      contents: 'cargo',
      fingerprint: 'a'.repeat(64),
      landing: { ...landing, ...changed },
    }) as BackupManifest;
  const held = (manifest: BackupManifest) => requireLandable(here(), manifest, { receiver, now });

  beforeEach(async () => {
    await run(['mkdir', here('cargo')]);
    await writeFile(
      here('cargo/landed.json'),
      JSON.stringify({ ['a'.repeat(64)]: { sequence: 5, cargo: '1'.repeat(64) } }),
    );
  });

  test('the same once more, and a newer one', async () => {
    await held(papers({}));
    await held(papers({ sequence: 6, cargo: '2'.repeat(64) }));
  });

  test.each<[string, string, Partial<Landing>]>([
    ['an older one', 'E2192', { sequence: 4 }],
    ['another one of the same sequence', 'E2192', { cargo: '2'.repeat(64) }],
    ['one for another box', 'E2191', { receiver: { ...receiver, boxId: 'old' } }],
    ['one for another key', 'E2191', { receiver: { ...receiver, fingerprint: 'c'.repeat(64) } }],
    ['one that has expired by its clock', 'E2194', { expires: '2026-11-22T12:00:00.000Z' }],
    ['one from the future', 'E2193', { created: '2026-11-22T12:00:01.000Z' }],
  ])('%s: %s', async (_what, code, changed) => {
    expect((await refusal(held(papers(changed)))).code).toBe(code);
  });

  test('papers of something else: E5403', async () => {
    const { contents: _, ...backup } = papers({});
    expect((await refusal(held(backup))).code).toBe('E5403');
    const { landing: __, ...bare } = papers({});
    expect((await refusal(held(bare))).code).toBe('E5403');
  });
});
