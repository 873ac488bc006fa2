import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { firmwareKind } from '../../../../agent/observe/firmware.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cpiab-efi-'));
  await mkdir(join(root, 'efivars'));
});
afterEach(() => rm(root, { recursive: true }));

const variable = (value: number[]) =>
  writeFile(
    join(root, 'efivars', 'SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c'),
    Buffer.from([6, 0, 0, 0, ...value]),
  );

describe('firmwareKind', () => {
  test('is BIOS where the kernel shows no UEFI', async () => {
    expect(await firmwareKind(join(root, 'none'))).toBe('bios');
  });

  test.for([
    ['secure-boot', [1]],
    ['uefi', [0]],
    ['uefi', []],
  ] as const)('is %s when SecureBoot is %j', async ([kind, value]) => {
    await variable([...value]);
    expect(await firmwareKind(root)).toBe(kind);
  });

  test('is plain UEFI when nothing says that it checks anything', async () => {
    expect(await firmwareKind(root)).toBe('uefi');
  });
});
