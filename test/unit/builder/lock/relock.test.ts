import { describe, expect, test } from 'vitest';
import { drift } from '../../../../builder/lock/relock.ts';
import { changesBetween } from '../../../../builder/lock/update.ts';
import { tinyLock, tinyPackage } from '../../../support/tiny-lock.ts';

const withPackages = (...packages: ReturnType<typeof tinyPackage>[]) =>
  tinyLock({ debian: { indexes: [], packages, sets: {} } });

describe('the drift between two locks', () => {
  test('is name, what it was and what it is, of what changed only', () => {
    const before = withPackages(tinyPackage('git'), tinyPackage('old'), tinyPackage('same'));
    const after = withPackages(
      tinyPackage('git', { version: '2.0-1' }),
      tinyPackage('fresh'),
      tinyPackage('same'),
    );
    expect(drift(changesBetween(before, after))).toBe(
      'fresh: new → 1.0-1, git: 1.0-1 → 2.0-1, old: 1.0-1 → gone',
    );
  });

  test('is nothing when nothing changed', () => {
    expect(drift(changesBetween(tinyLock(), tinyLock()))).toBe('');
  });
});
