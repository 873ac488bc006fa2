import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { hashing } from '../../../host/hashing.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const path = freshDirectory();

test('a copy has the bytes of its source, and the hash is theirs', async () => {
  const bytes = randomBytes(300_000);
  await writeFile(path('source'), bytes);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path('source')), hashing(hash), createWriteStream(path('copy')));
  expect((await readFile(path('copy'))).equals(bytes)).toBe(true);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
});
