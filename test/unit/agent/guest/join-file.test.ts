import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { joinScript } from '../../../../agent/guest/join-file.ts';
import { type ErrorCode, errors, parameterNames } from '../../../../contract/errors.ts';
import { box } from '../../../../contract/layout.ts';
import type { Manifest } from '../../../../contract/manifest.ts';

const path = join(import.meta.dirname, '../../../../agent/files', box.joinScript);
const template = await readFile(path, 'utf8');
const digest = (digit: string) => `sha256:${digit.repeat(64)}` as const;
const manifest = {
  links: { 'live/10-os.squashfs': digest('a'), 'live/vmlinuz': digest('b') },
  blobs: [{ size: 1000 }, { size: 24 }],
} as unknown as Manifest;
const parts = { script: path, bundle: '', manifest, digest: digest('c'), fingerprint: 'd'.repeat(64) };

test('the script knows at which byte the bundle begins behind it', () => {
  const script = joinScript(template, parts);
  const [, payload = ''] = /^readonly payload=(\d+)$/m.exec(script) ?? [];
  expect(Number(payload)).toBe(Buffer.byteLength(script) + 1);
});

test('the script knows box, bundle and what is mounted, and nothing is left to fill in', () => {
  const script = joinScript(template, parts);
  expect(script).not.toMatch(/@[A-Z]+@/);
  expect(script).toContain(`readonly pin=${'d'.repeat(64)}\n`);
  expect(script).toContain(`readonly manifest=${'c'.repeat(64)}\n`);
  expect(script).toContain('readonly bytes=1024\n');
  expect(script).toContain(`readonly modules='${'a'.repeat(64)}  live/10-os.squashfs'\n`);
});

/** `fail CODE subject message hint`, the last two in quotes. */
const said = [...template.matchAll(/\bfail (E\d{4}) .*? (['"])(?<says>[^'"]+)\2 (['"])(?<hint>.+?)\4$/gm)];

test('the script says each error by a code of the table', () => {
  expect(said.length).toBeGreaterThanOrEqual(12);
  for (const [, code = '', , , ,] of said) expect(Object.keys(errors)).toContain(code);
});

test('what the script says and the table has no room to vary is the same in both', () => {
  for (const { 1: code = '', groups } of said) {
    const kind = errors[code as ErrorCode];
    if (parameterNames(kind.says).length > 0) continue;
    expect([code, groups?.['says'], groups?.['hint']]).toEqual([
      code,
      (kind.says as () => string)(),
      kind.hint,
    ]);
  }
});
