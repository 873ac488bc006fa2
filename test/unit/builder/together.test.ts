import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { together } from '../../../builder/together.ts';

const { signal } = new AbortController();

describe('together', () => {
  test('gives each result in its place, whichever ends first', async () => {
    const works = [async () => await sleep(20, 'slow'), async () => 7] as const;
    expect(await together(works, signal)).toEqual(['slow', 7]);
  });

  test('throws the first failure, after the others have stopped', async () => {
    let stopped = false;
    const works = [
      async (abort: AbortSignal) => {
        await sleep(60_000, undefined, { signal: abort }).catch(async () => await sleep(20));
        stopped = true;
        throw new Error('because the other failed');
      },
      async () => {
        await sleep(5);
        throw new Error('first');
      },
    ] as const;
    await expect(together(works, signal)).rejects.toThrow('first');
    expect(stopped).toBe(true);
  });

  test('stops all when told', async () => {
    const controller = new AbortController();
    const work = async (abort: AbortSignal) => await sleep(60_000, undefined, { signal: abort });
    const running = together([work, work], controller.signal);
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('abort');
  });
});
