import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { BlobCheck, type Expected, expectedFiles } from '../../../../agent/verify/blobs.ts';
import type { Digest, Manifest } from '../../../../contract/manifest.ts';

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const file = (digit: string, size = 1): Expected => ({
  digest: digest(digit),
  size,
  path: digit,
  purpose: 'p',
});
const { signal } = new AbortController();

/** A hasher that says what the path says, after a moment, and counts. */
function honest() {
  const calls: string[] = [];
  let running = 0;
  let most = 0;
  const hash = async (path: string) => {
    calls.push(path);
    running++;
    most = Math.max(most, running);
    await sleep(5);
    running--;
    return path.repeat(64);
  };
  return { hash, calls, most: () => most };
}

describe('BlobCheck', () => {
  test('hashes each file exactly once, in order, no more at a time than told', async () => {
    const hasher = honest();
    const check = new BlobCheck(
      ['1', '2', '3', '4', '5'].map((digit) => file(digit)),
      hasher.hash,
    );
    await check.checkAll(2, signal, () => {});
    expect(hasher.calls).toEqual(['1', '2', '3', '4', '5']);
    expect(hasher.most()).toBe(2);
    expect(check.bytes).toBe(5);
  });

  test('who waits for one blob goes on before the others are done', async () => {
    const hasher = honest();
    const check = new BlobCheck([file('1'), file('2'), file('3')], hasher.hash);
    const all = check.checkAll(1, signal, () => {});
    await check.verified(digest('1'));
    expect(hasher.calls.length).toBeLessThan(3);
    await all;
  });

  test('a wrong blob is named with its purpose, and nobody who waits for it goes on', async () => {
    const check = new BlobCheck([file('1'), { ...file('2'), purpose: 'os-module of live/x' }], async () =>
      '1'.repeat(64),
    );
    const waiting = check.verified(digest('2')).then(() => 'went on');
    await expect(check.checkAll(1, signal, () => {})).rejects.toMatchObject({
      code: 'E2103',
      subject: `${digest('2')} (os-module of live/x)`,
    });
    expect(await Promise.race([waiting, sleep(20).then(() => 'waits')])).toBe('waits');
  });

  test('the first wrong blob stops the others', async () => {
    const aborted: string[] = [];
    const check = new BlobCheck([file('1'), file('2')], async (path, _size, stop) => {
      if (path === '1') return '9'.repeat(64);
      stop.addEventListener('abort', () => aborted.push(path));
      await sleep(1000, undefined, { signal: stop });
      return path.repeat(64);
    });
    await expect(check.checkAll(2, signal, () => {})).rejects.toMatchObject({ code: 'E2103' });
    expect(aborted).toEqual(['2']);
  });

  test('a missing blob is an error of its own', async () => {
    const check = new BlobCheck([file('1')], async () => {
      throw new Error('ENOENT');
    });
    await expect(check.checkAll(1, signal, () => {})).rejects.toMatchObject({ code: 'E2105' });
  });

  test('an abort ends it with the reason', async () => {
    const stop = new AbortController();
    const check = new BlobCheck([file('1')], (_path, _size, inner) => sleep(1000, 'x', { signal: inner }));
    const all = check.checkAll(1, stop.signal, () => {});
    stop.abort(new Error('power'));
    await expect(all).rejects.toThrow('power');
  });

  test('a blob that is not in the manifest is a mistake of the caller', async () => {
    await expect(new BlobCheck([], honest().hash).verified(digest('1'))).rejects.toThrow(
      /not in the manifest/,
    );
  });
});

test('what the medium boots from is hashed where it lies, the rest in the pool, small ones first', () => {
  const manifest = {
    links: { 'live/10-os.squashfs': digest('a') },
    files: { 'index.json': digest('c') },
    blobs: [
      { digest: digest('a'), size: 900, role: 'os-module', for: ['os'] },
      { digest: digest('b'), size: 5, role: 'image-config', for: ['x/y:1', 'x/z:1'] },
    ],
  } as unknown as Manifest;
  expect(expectedFiles(manifest, '/m', '/m/bundle')).toEqual([
    { digest: digest('c'), size: null, path: '/m/bundle/index.json', purpose: 'index.json' },
    {
      digest: digest('b'),
      size: 5,
      path: `/m/bundle/blobs/sha256/${'b'.repeat(64)}`,
      purpose: 'image-config of x/y:1, x/z:1',
    },
    {
      digest: digest('a'),
      size: 900,
      path: '/m/live/10-os.squashfs',
      purpose: 'os-module of live/10-os.squashfs',
    },
  ]);
});
