import { expect, test } from 'vitest';
import { rejectCollisions } from '../../../../builder/lock/collisions.ts';
import type { ImageRecipe } from '../../../../contract/image.ts';
import { refusal } from '../../../support/refusal.ts';

const recipe = (name: string, ...references: string[]): Pick<ImageRecipe, 'name' | 'images'> => ({
  name,
  images: references.map((reference) => ({ reference, title: name, version: { fixed: '1' } as never })),
});
const checked = async (...given: Parameters<typeof rejectCollisions>) => rejectCollisions(...given);

test('images of different names, tags and hosts stand beside each other', async () => {
  const recipes = [recipe('a', 'a.io/app:1', 'a.io/app:2'), recipe('b', 'b.io/app:1')];
  await checked(recipes, ['docker.io/library/app:1', 'ghcr.io/app/app:1', 'ghcr.io/app/app:1']);
});

test.each([
  [
    'two recipes',
    [recipe('a', 'a.io/app:1'), recipe('b', 'a.io/app:1')],
    [],
    'images/oci/a and images/oci/b',
  ],
  ['one recipe twice', [recipe('a', 'a.io/app:1', 'a.io/app:1')], [], 'images/oci/a and images/oci/a'],
  ['a recipe and what is published', [recipe('a', 'a.io/app:1')], ['a.io/app:1'], 'the published a.io/app:1'],
])('%s that give one name are refused', async (_, recipes, published, names) => {
  const refused = await refusal(checked(recipes, published));
  expect([refused.code, refused.exit]).toEqual(['E1046', 2]);
  expect(refused.message).toContain(names);
});
