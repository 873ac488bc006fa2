import { expect, test } from 'vitest';
import { compareDebianVersions } from '../../../../builder/lock/debian-version.ts';
import { ProcessError, run } from '../../../../host/process.ts';

const versions = [
  '1.0',
  '1.0-1',
  '1.0-1~bpo13+1',
  '1.0-1+deb13u1',
  '1.0-1+deb13u10',
  '1.0-1+deb13u2',
  '1.0~rc1-1',
  '1.0+dfsg-1',
  '2:0.1',
  '1:9',
  '9',
  '10',
  '1.0a-1',
  '1.0.1-1',
  '1.0-1.1',
  '0.0~git20240101120000.abc-1',
  '1.0-0',
  '1.00-1',
];

async function dpkgSays(a: string, relation: 'lt' | 'eq', b: string): Promise<boolean> {
  try {
    await run(['dpkg', '--compare-versions', a, relation, b]);
    return true;
  } catch (error) {
    if (error instanceof ProcessError && error.status === 1) return false;
    throw error;
  }
}

test("orders versions as Debian's own dpkg does", async () => {
  const sorted = versions.toSorted(compareDebianVersions);
  for (const [index, version] of sorted.slice(1).entries()) {
    const before = sorted[index] ?? '';
    const relation = compareDebianVersions(before, version) === 0 ? 'eq' : 'lt';
    expect([before, relation, version, await dpkgSays(before, relation, version)]).toEqual([
      before,
      relation,
      version,
      true,
    ]);
  }
});
