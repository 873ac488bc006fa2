import { expect, test } from 'vitest';
import { release, releasing } from '../../../host/release.ts';

test('memory is given back at once', () => {
  for (const bytes of [Buffer.alloc(1000), Buffer.alloc(1 << 20), Buffer.alloc(1 << 20).subarray(0, 10)]) {
    release(bytes);
    expect(bytes.buffer.byteLength).toBe(0);
  }
});

test('what others have too is left alone', () => {
  const [one, other] = [Buffer.from('one'), Buffer.from('other')];
  release(one);
  expect([one.toString(), other.toString()]).toEqual(['one', 'other']);
  const shared = Buffer.from(new SharedArrayBuffer(1 << 20));
  release(shared);
  expect(shared.length).toBe(1 << 20);
});

test('a part of a stream is there until the next is asked for', async () => {
  async function* parts() {
    for (const size of [70_000, 80_000]) yield Buffer.alloc(size);
  }
  const found: Buffer[] = [];
  for await (const part of releasing(parts())) {
    expect(found.map(({ length }) => length)).toEqual(found.map(() => 0));
    expect(part.length).toBeGreaterThan(0);
    found.push(part);
  }
  expect(found.map(({ length }) => length)).toEqual([0, 0]);
});
