import { createReadStream } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../contract/manifest.ts';
import { sha256File } from '../../../host/files.ts';
import { refusal } from '../../support/refusal.ts';
import { box, path, push } from '../../support/updating.ts';
import { deltaBetween, tarballOf } from '../../support/versions.ts';

const { signal } = new AbortController();

describe('a file in parts', () => {
  test('goes on where it was, also after a restart of the agent', async () => {
    const file = await tarballOf(box.two);
    const { sha256, size: length } = await sha256File(file);
    const digest = digestOf(sha256);
    const half = Math.floor(length / 2);
    await box.updater.receive(
      { digest, length, offset: 0 },
      createReadStream(file, { end: half - 1 }),
      signal,
    );
    const again = await box.disk.open('a');
    expect(await again.received(digest)).toBe(half);
    const rest = createReadStream(file, { start: half });
    await again.receive({ digest, length, offset: half }, rest, signal);
    await again.idle();
    expect(again.status?.state).toBe('switching');
  });

  test('that begins elsewhere than at the end is not taken', async () => {
    const part = { digest: digestOf('0'.repeat(64)), length: 100, offset: 50 };
    await mkdir(path('parts'));
    await writeFile(path('parts', 'x'), 'x'.repeat(50));
    expect(await box.updater.receive(part, createReadStream(path('parts', 'x')), signal)).toBe(0);
  });

  test('for which there is no room is refused before its first byte', async () => {
    const part = { digest: digestOf('0'.repeat(64)), length: 2 ** 52, offset: 0 };
    const sent = box.updater.receive(part, createReadStream(path('keys', 'minisign.pub')), signal);
    expect((await refusal(sent)).code).toBe('E5305');
    await expect(stat(path('disk', 'data', 'updates', `${'0'.repeat(64)}.part`))).rejects.toThrow();
  });

  test('is not taken while another is being staged', async () => {
    await push(box.updater, await deltaBetween(path(), box.one, box.two));
    const part = { digest: digestOf('0'.repeat(64)), length: 10, offset: 0 };
    const sent = box.updater.receive(part, createReadStream(path('keys', 'minisign.pub')), signal);
    expect((await refusal(sent)).code).toBe('E5306');
  });
});
