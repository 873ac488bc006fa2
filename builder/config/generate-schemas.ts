/** `npm run generate`: writes `config/schema/` from the contracts. */
import { dirname, join } from 'node:path';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { jsonSchemas } from './schemas.ts';

const repository = dirname(dirname(import.meta.dirname));
for (const [path, text] of jsonSchemas()) {
  await ensureDirectory(dirname(join(repository, path)));
  await writeAtomic(join(repository, path), text);
}
