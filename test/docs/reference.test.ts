import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { referencePages } from '../../cli/reference.ts';
import { idleContext } from '../support/context.ts';

const repository = dirname(dirname(import.meta.dirname));

test.each([...referencePages(idleContext(repository))])(
  '%s is what the code says (else: npm run generate)',
  async (path, text) => {
    expect(await readFile(join(repository, path), 'utf8')).toBe(text);
  },
);
