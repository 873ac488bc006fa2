import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { finishRestore } from '../../../agent/backup/finish.ts';
import { handedOver, reminted } from '../../../contract/cargo.ts';
import { run } from '../../../host/process.ts';
import type { TestApi } from '../../support/api.ts';
import { cpiab, refusalOf, startBox, stateOf } from '../../support/backup/box.ts';
import { fillVolume, hashOfTree } from '../../support/backup/trees.ts';
import { giveSiteKey } from '../../support/cargo/seal.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

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

  test('by a restore', async () => {
    await seal();
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
    expect(existsSync(join(stateOf(fresh), 'restore'))).toBe(false);
  });
});
