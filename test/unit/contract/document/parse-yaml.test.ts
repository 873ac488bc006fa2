import { once } from 'node:events';
import { expect, test } from 'vitest';
import { parseYaml } from '../../../../contract/document/parse-yaml.ts';

test('a key that is no text is a key like others, without a warning of its own', async () => {
  const warned = once(process, 'warning', { signal: AbortSignal.timeout(200) });
  expect(parseYaml('{ name: lab }: x\n', 'site.yaml').value).toEqual({ '{ name: lab }': 'x' });
  await expect(warned).rejects.toThrow('aborted');
});
