import { Duplex, PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { bothWays } from '../../../../agent/api/kubernetes/both-ways.ts';

/** A connection that takes its time with what is written to it. */
class Slow extends Duplex {
  readonly taken: string[] = [];

  override _read(): void {}

  override _write(piece: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    setTimeout(() => {
      this.taken.push(String(piece));
      done();
    }, 20);
  }

  override _final(done: (error?: Error) => void): void {
    this.push(null);
    done();
  }
}

test('who hears slowly hears all of what was said before the other side ended', async () => {
  const client = new Slow();
  const upstream = new PassThrough();
  for (const piece of ['said ', 'and ', 'done']) upstream.write(piece);
  upstream.end();
  await bothWays(client, upstream);
  expect(client.taken.join('')).toBe('said and done');
  expect([client.destroyed, upstream.destroyed]).toEqual([true, true]);
});

test('who breaks off takes the other with it, at once if that is over too', async () => {
  const client = new Slow();
  const upstream = new Slow();
  const joined = bothWays(client, upstream);
  client.destroy(new Error('gone'));
  upstream.destroy();
  await joined;
  expect(upstream.destroyed).toBe(true);
});
