import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { beforeEach, expect } from 'vitest';
import type { Updater } from '../../agent/update/updater.ts';
import { type BootChoice, type SlotName, settled } from '../../contract/boot-slots.ts';
import { digestOf } from '../../contract/manifest.ts';
import { sha256File } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { type BoxDisk, makeDisk } from './box-disk.ts';
import { freshDirectory } from './fresh-directory.ts';
import type { TinyBundle } from './tiny-bundle.ts';
import { threeVersions } from './versions.ts';

const { signal } = new AbortController();
export const path = freshDirectory();

/** For each test: three versions, and a disk of which slot A runs the first. */
export const box = {} as {
  one: TinyBundle;
  two: TinyBundle;
  three: TinyBundle;
  disk: BoxDisk;
  updater: Updater;
};

beforeEach(async () => {
  [box.one, box.two, box.three] = await threeVersions(path());
  box.disk = await makeDisk(path('disk'), box.one.directory, path('keys'));
  box.updater = await box.disk.open('a');
});

/** Brings a file in, in as many parts, and waits until the box has done with it. */
export async function push(to: Updater, file: string, parts = 1): Promise<void> {
  const { sha256, size: length } = await sha256File(file);
  const digest = digestOf(sha256);
  for (let part = 0; part < parts; part++) {
    const offset = Math.floor((length * part) / parts);
    const end = Math.floor((length * (part + 1)) / parts);
    const content = createReadStream(file, { start: offset, end: end - 1 });
    expect(await to.receive({ digest, length, offset }, content, signal)).toBe(end);
  }
  await to.idle();
}

export const choice = async (running: SlotName): Promise<BootChoice> =>
  await box.disk.slots(running).choice();
export const same = async (a: string, b: string) => void (await run(['diff', '--recursive', a, b]));

/** What must hold after every refusal: the version that runs is whole, and the next start is its. */
export async function unharmed(): Promise<void> {
  await same(box.one.directory, path('disk', 'a', 'bundle'));
  expect(await choice('a')).toEqual(settled('a'));
  const kept = await readdir(path('disk', 'data', 'updates')).catch(() => []);
  expect(kept.filter((name) => !['record.json', 'audited'].includes(name))).toEqual([]);
}
