/** `npm run generate`: writes the reference pages that are made from code. */
import { dirname, join } from 'node:path';
import { ensureDirectory, writeAtomic } from '../host/files.ts';
import type { CliContext } from './context.ts';
import { referencePages } from './reference.ts';

const repository = dirname(import.meta.dirname);
const context: CliContext = {
  repository,
  signal: new AbortController().signal,
  json: false,
  progress: () => {},
  note: () => {},
  print: () => {},
  exitWith: () => {},
};
for (const [path, text] of referencePages(context)) {
  await ensureDirectory(dirname(join(repository, path)));
  await writeAtomic(join(repository, path), text);
}
