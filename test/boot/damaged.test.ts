import { copyFile, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManifestSchema } from '../../contract/manifest.ts';
import type { ProcessError } from '../../host/process.ts';
import { removeTree } from '../support/remove-tree.ts';
import { flip, middleOf } from './support/flip.ts';
import { buildLab, cpiab } from './support/lab.ts';

let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-damaged-'));
});
afterEach(() => removeTree(scratch));

describe('a medium with one damaged blob', () => {
  test('stops at verify, names the blob, says what to do, and starts no Kubernetes', async () => {
    const dist = await buildLab();
    const iso = join(scratch, 'damaged.iso');
    await copyFile(join(dist, 'cpiab-lab.iso'), iso);
    const manifest = ManifestSchema.parse(JSON.parse(await readFile(join(dist, 'manifest.json'), 'utf8')));
    const largest = manifest.blobs.toSorted((one, other) => other.size - one.size)[0]?.digest ?? '';
    await flip(iso, await middleOf(iso, `/bundle/blobs/sha256/${largest.slice('sha256:'.length)}`));

    const failure = await cpiab('boot', iso, '--wait', 'converged', '--timeout', '600', '--json').then(
      () => null,
      (error: unknown) => error as ProcessError,
    );
    const told = failure?.stderr.trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(told)).toMatchObject({
      code: 'CPIAB-E5003',
      message: expect.stringContaining(largest),
      hint: expect.stringMatching(/medium|copy/),
    });
    const log = /console in ([^"]+)"/.exec(failure?.stderr ?? '')?.[1] ?? '';
    const console = await readFile(log, 'utf8');
    expect(console).toContain('verify   failed');
    expect(console).not.toContain('engine   ');
  });
});
