import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { checkSlot } from '../../../agent/slots/check.ts';
import type { Updater } from '../../../agent/update/updater.ts';
import { settled } from '../../../contract/boot-slots.ts';
import { refusal } from '../../support/refusal.ts';
import { box, choice, path, push, same, unharmed } from '../../support/updating.ts';
import { deltaBetween, tarballOf } from '../../support/versions.ts';

const { signal } = new AbortController();
const trust = () => ({
  keyFile: path('keys', 'minisign.pub'),
  rotations: path('disk', 'data', 'rotations'),
  site: 'harbour',
});

describe('a new version', () => {
  test.each([
    ['a delta', (): Promise<string> => deltaBetween(path(), ...([box.one, box.two] as const))],
    ['a tarball', (): Promise<string> => tarballOf(box.two)],
  ])('by %s is staged whole in the other slot, and gets its tries', async (_, file) => {
    await push(box.updater, await file(), 3);
    await same(box.two.directory, path('disk', 'b', 'bundle'));
    expect((await checkSlot(path('disk', 'b'), trust(), signal)).manifest.sequence).toBe(2);
    await same(box.one.directory, path('disk', 'a', 'bundle'));
    expect(await choice('a')).toEqual({ slot: 'a', trial: 'b', tries: 3 });
    expect(box.updater.status).toMatchObject({
      state: 'switching',
      from: { sequence: 1 },
      to: { sequence: 2 },
    });
    expect(box.disk.restarts).toBe(1);
  });

  test('is committed once it has shown that it works, and the next one goes to the first slot', async () => {
    await push(box.updater, await deltaBetween(path(), box.one, box.two));
    const second = await box.disk.open('b');
    expect(second.onTrial).toBe(true);
    await second.commit();
    expect(await choice('b')).toEqual(settled('b'));
    expect(await readFile(path('disk', 'data', 'sequence'), 'utf8')).toBe('2\n');
    expect(second.status).toMatchObject({ state: 'committed', reason: null });
    await push(second, await deltaBetween(path(), box.two, box.three));
    expect(await choice('b')).toEqual({ slot: 'b', trial: 'a', tries: 3 });
    await same(box.three.directory, path('disk', 'a', 'bundle'));
  });

  test('that fails its gate gives way, and the one before says why', async () => {
    await push(box.updater, await deltaBetween(path(), box.one, box.two));
    await (await box.disk.open('b')).fail('engine was not ready in time');
    expect(await choice('b')).toEqual(settled('a'));
    const back = await box.disk.open('a');
    expect(back.onTrial).toBe(false);
    expect(back.status).toMatchObject({ state: 'fell-back', reason: 'engine was not ready in time' });
    await unharmed();
  });

  test('that never told anything gives way when its tries are used, with what its guard wrote', async () => {
    await push(box.updater, await deltaBetween(path(), box.one, box.two));
    await box.disk.slots('a').choose({ slot: 'a', trial: 'b', tries: 0 });
    await writeFile(path('disk', 'data', 'updates', 'trial-ended'), 'its agent ended 5 times\n');
    const back = await box.disk.open('a');
    expect(back.status).toMatchObject({ state: 'fell-back', reason: 'its agent ended 5 times' });
    await unharmed();
  });

  test('may come again after a power cut in its trial, with the tries that are left', async () => {
    await push(box.updater, await deltaBetween(path(), box.one, box.two));
    await box.disk.slots('a').choose({ slot: 'a', trial: 'b', tries: 1 });
    expect((await box.disk.open('b')).onTrial).toBe(true);
    expect(await choice('b')).toEqual({ slot: 'a', trial: 'b', tries: 1 });
  });
});

describe('going back', () => {
  async function committed(): Promise<Updater> {
    await push(box.updater, await deltaBetween(path(), box.one, box.two));
    const second = await box.disk.open('b');
    await second.commit();
    return second;
  }

  test('starts the version before, which may run again and stays once it works', async () => {
    const second = await committed();
    await second.rollback(signal);
    expect(await choice('b')).toEqual({ slot: 'b', trial: 'a', tries: 3 });
    expect(await readFile(path('disk', 'data', 'sequence'), 'utf8')).toBe('1\n');
    const first = await box.disk.open('a');
    expect(first.onTrial).toBe(true);
    await first.commit();
    expect(first.status).toMatchObject({ what: 'rollback', state: 'committed', to: { sequence: 1 } });
  });

  test('is refused where nothing older is', async () => {
    expect((await refusal(box.updater.rollback(signal))).code).toBe('E5307');
    const second = await committed();
    await second.rollback(signal);
    const first = await box.disk.open('a');
    await first.commit();
    expect((await refusal(first.rollback(signal))).code).toBe('E5307');
  });
});
