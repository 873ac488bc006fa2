import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { fetchBlob } from '../../../builder/registry/blob.ts';
import { Cache } from '../../../host/cache.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import {
  type Answering,
  digestOf,
  drip,
  endless,
  hostileRegistries,
} from '../../support/registry/hostile.ts';

const here = freshDirectory();
const { signal } = new AbortController();
const SUBJECT = 'ghcr.io/team/app';
const registryAt = hostileRegistries();

describe('a blob', () => {
  const SIZE = 200_000;
  const content = Buffer.alloc(SIZE, 'x');
  const blob = { repository: 'team/app', sha256: digestOf(content).slice(7), size: SIZE };
  const fetched = async (answer: Answering) =>
    await fetchBlob(await registryAt(answer), blob, {
      cache: new Cache(here('cache')),
      signal,
      onBytes: () => {},
      pauses: [1],
      slowMs: 200,
    });

  test.each<[string, string, string, Answering]>([
    [
      'is longer than its manifest says',
      'E3054',
      `${SIZE + 1} bytes`,
      (_, outgoing) => outgoing.writeHead(200, { 'content-length': SIZE + 1 }).end(Buffer.alloc(SIZE + 1)),
    ],
    ['is shorter than its manifest says', 'E3054', '10 bytes', (_, outgoing) => outgoing.end('0123456789')],
    ['has no end', 'E3054', `more than ${SIZE}`, (_, outgoing) => endless(outgoing)],
    [
      'ends early',
      'E3016',
      `of ${SIZE} bytes`,
      (_, outgoing) =>
        void outgoing
          .writeHead(200, { 'content-length': SIZE })
          .write(content.subarray(0, 100), () => outgoing.destroy()),
    ],
    ['drips', 'E3016', `of ${SIZE} bytes`, (_, outgoing) => drip(outgoing)],
    ['is another one', 'E2103', 'does not match', (_, outgoing) => outgoing.end(Buffer.alloc(SIZE, 'y'))],
    [
      'comes from the middle unasked',
      'E3054',
      'bytes',
      (_, outgoing) => outgoing.writeHead(206, { 'content-length': 5 }).end('xxxxx'),
    ],
  ])('that %s is refused, and nothing of it is in the pool', async (_, code, message, answer) => {
    const refused = await refusal(fetched(answer));
    expect(refused.code).toBe(code);
    expect(refused.subject).toBe(`${SUBJECT}@sha256:${blob.sha256}`);
    expect(refused.message).toContain(message);
    expect(await readdir(new Cache(here('cache')).pool).catch(() => [])).toEqual([]);
  });
});
