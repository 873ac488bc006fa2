import { copyFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal } from '../../../agent/update/journal.ts';
import { mountStick } from '../../../agent/update/stick/mount.ts';
import { OperatorClient } from '../../../cli/box/operator.ts';
import { takeStick } from '../../../cli/box/send.ts';
import { run } from '../../../host/process.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { refusal } from '../../support/refusal.ts';
import { box, path, push, same } from '../../support/updating.ts';
import { deltaBetween, tarballOf } from '../../support/versions.ts';

const { signal } = new AbortController();
const stick = (...names: string[]) => path('disk', 'stick', ...names);
beforeEach(() => mkdir(stick()));

async function bring(...files: string[]): Promise<void> {
  for (const file of files) await copyFile(file, stick(basename(file)));
}

/** As `cpiab split` cuts a medium. */
async function bringVolumes(file: string, of: number): Promise<void> {
  const bytes = await readFile(file);
  const each = Math.ceil(bytes.length / of / (1 << 20)) * (1 << 20);
  for (let at = 0; at < of; at++) {
    const name = `${basename(file)}.00${at + 1}-of-00${of}`;
    await writeFile(stick(name), bytes.subarray(at * each, (at + 1) * each));
  }
}

async function staged(): Promise<void> {
  await box.updater.fromStick(signal);
  await box.updater.idle();
  expect(box.updater.status).toMatchObject({ state: 'switching', to: { sequence: 2 } });
  await same(box.two.directory, path('disk', 'b', 'bundle'));
}

describe('a box takes from a stick', () => {
  test('the delta that starts from what it runs, and not what lies beside it', async () => {
    await bring(await deltaBetween(path(), box.two, box.three), await deltaBetween(path(), box.one, box.two));
    await writeFile(stick('notes.txt'), 'for the night shift');
    await staged();
  });

  test('the volumes of a tarball', async () => {
    await bringVolumes(await tarballOf(box.two), 3);
    await staged();
  });

  test('the newest, although an older one is smaller', async () => {
    await bring(await deltaBetween(path(), box.one, box.two), await tarballOf(box.three));
    await box.updater.fromStick(signal);
    await box.updater.idle();
    expect(box.updater.status).toMatchObject({ state: 'switching', to: { sequence: 3 } });
  });

  test('a copy that a restart cut off, from where it was', async () => {
    await bring(await deltaBetween(path(), box.one, box.two));
    const { revision, sequence } = box.one.manifest;
    const from = { revision, sequence };
    const record = { what: 'update', state: 'copying', from, to: null, file: null } as const;
    await new Journal(path('disk', 'data', 'updates')).write({ ...record, attempts: 0, reason: null });
    box.updater = await box.disk.open('a');
    await box.updater.resume(signal);
    await box.updater.idle();
    expect(box.updater.status).toMatchObject({ state: 'switching', to: { sequence: 2 } });
  });
});

describe('a box refuses', () => {
  const refused = async () => {
    const { code, message } = await refusal(box.updater.fromStick(signal));
    expect(box.updater.status).toBeNull();
    return `${code} ${message}`;
  };

  test('a stick with nothing for it, and says of each file why', async () => {
    await bring(await deltaBetween(path(), box.two, box.three), await tarballOf(box.one));
    const why = await refused();
    expect(why).toMatch(/^E5314/);
    expect(why).toContain('CPIAB-E2301');
    expect(why).toContain('CPIAB-E5302');
  });

  test('an empty one', async () => {
    expect(await refused()).toMatch(/^E5314.*no \.cpiab-delta/);
  });

  test('volumes of which one lacks, by its name', async () => {
    await bringVolumes(await tarballOf(box.two), 3);
    await rm(stick('v2.tar.zst.002-of-003'));
    expect(await refused()).toMatch(/CPIAB-E2404 missing: v2\.tar\.zst\.002-of-003/);
  });

  test('a volume that was cut off, before the slot is switched', async () => {
    await bringVolumes(await tarballOf(box.two), 3);
    await truncate(stick('v2.tar.zst.002-of-003'), 1 << 19);
    await box.updater.fromStick(signal);
    await box.updater.idle();
    expect(box.updater.status).toMatchObject({
      state: 'refused',
      reason: expect.stringMatching(/CPIAB-E2\d/),
    });
    expect(box.disk.restarts).toBe(0);
  });

  test('any while another is under way', async () => {
    await push(box.updater, await deltaBetween(path(), box.one, box.two));
    expect((await refusal(box.updater.fromStick(signal))).code).toBe('E5306');
  });
});

describe('over the API', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi(() => undefined, { updater: () => box.updater });
  });
  afterEach(() => api.close());
  const client = () => {
    const { certificate: cert, key } = api.operator;
    const address = { url: new URL(api.url), fingerprint: api.identity.fingerprint };
    return new OperatorClient(address, { cert, key }, signal);
  };

  test('an operator has it done, and the log says who', async () => {
    await bring(await deltaBetween(path(), box.one, box.two));
    await takeStick(client());
    await box.updater.idle();
    expect(box.updater.status?.state).toBe('switching');
    const { entries } = await api.audit.read(0);
    expect(entries.at(-1)).toMatchObject({ subject: 'a stick', outcome: 'begun', who: { name: 'alice' } });
  });

  test('what cannot be taken is told with the code of the box', async () => {
    expect((await refusal(takeStick(client()))).message).toContain('CPIAB-E5314');
    const { entries } = await api.audit.read(0);
    expect(entries.at(-1)).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('E5314') });
  });
});

describe('a disk is known by its label', () => {
  /** A disk that the kernel sees. */
  async function attach(name: string, label: string): Promise<string> {
    const file = path(name);
    await writeFile(file, '');
    await truncate(file, 8 << 20);
    await run(['mke2fs', '-q', '-F', '-t', 'ext4', '-L', label, file]);
    return (await run(['losetup', '--find', '--show', file])).stdout.trim();
  }

  test('mounted so that nothing is written to it, and refused when there are none or two', async () => {
    expect((await refusal(mountStick(path('point'), signal))).code).toBe('E5313');
    const devices = [await attach('one', 'CPIAB-STICK'), await attach('other', 'ELSE')];
    try {
      const mounted = await mountStick(path('point'), signal);
      await expect(writeFile(path('point', 'x'), '')).rejects.toThrow('EROFS');
      await mounted.close();
      devices.push(await attach('two', 'CPIAB-STICK'));
      expect((await refusal(mountStick(path('point'), signal))).message).toContain('two disks');
    } finally {
      for (const device of devices) await run(['losetup', '--detach', device]);
    }
  });
});
