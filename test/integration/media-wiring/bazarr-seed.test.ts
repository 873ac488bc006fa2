import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const seed = join(import.meta.dirname, '../../../cluster/kubernetes/apps/bazarr/seed');
const path = freshDirectory();

/** The init container of Bazarr, with this directory for its volumes. */
async function start(key: string): Promise<unknown> {
  await mkdir(path('seed'), { recursive: true });
  await writeFile(path('seed/config.yaml'), await readFile(join(seed, 'config.yaml')));
  const script = await readFile(join(seed, 'seed.sh'), 'utf8');
  const here = script.replaceAll('/config/config', path('config')).replaceAll('/seed/', `${path('seed')}/`);
  await run(['sh', '-c', here], { env: { API_KEY: key } });
  return parse(await readFile(path('config/config.yaml'), 'utf8'));
}

test("Bazarr's first start has the Secret's API key, and reports nothing", async () => {
  expect(await start('0123')).toMatchObject({ auth: { apikey: '0123' }, analytics: { enabled: false } });
});

test('a later start changes the key and nothing else of what Bazarr has written', async () => {
  await start('0123');
  const own = 'analytics:\n  apikey: mine\nauth:\n  apikey: x\n  type: null\nsonarr:\n  apikey: y\n';
  await writeFile(path('config/config.yaml'), own);
  expect(await start('4567')).toEqual({
    ...{ analytics: { apikey: 'mine' }, sonarr: { apikey: 'y' } },
    auth: { apikey: '4567', type: null },
  });
});
