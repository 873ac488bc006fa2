import { expect, test } from 'vitest';
import { fuzz } from '../../support/fuzz/fuzz.ts';
import { targets } from '../../support/fuzz/targets.ts';

const all = Object.entries(await targets());

test.each(all)('%s is read or refused, whatever its bytes are', async (_name, target) => {
  const { short = 200, close } = target;
  const { runs, failures } = await fuzz(target, 1, (done) => done < short);
  await close?.();
  expect(failures).toEqual([]);
  expect(runs).toBe(short);
});

test('a parser that fails is found, with the seed that does it again', async () => {
  const [broken] = all.map(([, { seeds }]) => ({
    seeds,
    run: (bytes: Buffer) => JSON.parse(bytes.toString()),
  }));
  if (broken === undefined) throw new Error('no target');
  const { failures } = await fuzz(broken, 1, (done) => done < 3);
  expect(failures.map(({ seed }) => seed)).toEqual([1, 2, 3]);
});
