import { describe, expect, test } from 'vitest';
import { checkClock } from '../../../../builder/preflight/clock.ts';
import { checkMemory } from '../../../../builder/preflight/memory.ts';
import { checkTools } from '../../../../builder/preflight/tools.ts';
import { SiteSchema } from '../../../../contract/site.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { tinyLock } from '../../../support/tiny-lock.ts';

const here = freshDirectory();
const site = SiteSchema.parse({ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab' });
const lock = tinyLock();
const DAY = 24 * 60 * 60;
const GIB = 2 ** 30;

describe('the clock', () => {
  test('of 1970 is an error of its own, which says what to do', () => {
    const { check, error } = checkClock(site, lock, 0);
    expect(error).toMatchObject({ code: 'E4013', exit: 4 });
    expect(check.detail).toBe('says 1970-01-01, but the lock was made on 2025-11-13');
    expect(check.hint).toContain('timedatectl set-ntp true');
  });

  test('of the very second of the lock is right', () => {
    expect(checkClock(site, lock, lock.epoch).check.result).toBe('pass');
    expect(checkClock(site, lock, lock.epoch - 1).check.result).toBe('fail');
  });

  test('warns of a bundle that would have expired already', () => {
    const { check } = checkClock(site, lock, lock.epoch + 366 * DAY);
    expect([check.result, check.hint]).toEqual(['warn', 'run `./cpiab lock lab`, or correct the clock']);
  });
});

describe('memory', () => {
  const look = (compiles: string[], available: number, withSwap = available) =>
    checkMemory(compiles, { available: available * GIB, withSwap: withSwap * GIB });

  test('is enough for anything when nothing large is compiled', () => {
    expect(look(['attach'], 0.1).check.result).toBe('pass');
  });

  test('stops a compile of Kubernetes that cannot be linked', () => {
    const { check, error } = look(['attach', 'kube'], 1);
    expect(error).toMatchObject({ code: 'E4009', exit: 4 });
    expect(check.detail).toBe('this machine: needs 2.6 GiB of memory, 1.0 GiB is available');
  });

  test('warns where swap has to help', () => {
    expect(look(['kube'], 1, 5).check.result).toBe('warn');
    expect(look(['kube'], 8).check.result).toBe('pass');
  });
});

test('a tool that is missing is named with its package', async () => {
  expect((await checkTools(here())).error).toMatchObject({ code: 'E4007', subject: 'apt-get' });
  expect((await checkTools()).check).toMatchObject({
    result: 'pass',
    detail: expect.stringContaining('bubblewrap'),
  });
});
