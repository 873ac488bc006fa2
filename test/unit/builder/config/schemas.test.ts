import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { jsonSchemas } from '../../../../builder/config/schemas.ts';

const repository = dirname(dirname(dirname(dirname(import.meta.dirname))));

test.each([...jsonSchemas()])('%s is what the contract says (else: npm run generate)', async (path, text) => {
  expect(await readFile(join(repository, path), 'utf8')).toBe(text);
});

test('there is no schema without a contract', async () => {
  const files = await readdir(join(repository, 'config', 'schema'));
  expect(files.map((file) => `config/schema/${file}`).toSorted()).toEqual(
    [...jsonSchemas().keys()].toSorted(),
  );
});
