import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type ProcessError, run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { tinyBundle } from '../../support/tiny-bundle.ts';

const here = freshDirectory();
const main = join(dirname(dirname(dirname(import.meta.dirname))), 'cli', 'main.ts');
const refused = async (...args: string[]) => {
  const ended = await run([process.execPath, main, 'serve', ...args], { timeoutMs: 60_000 }).catch(
    (error: ProcessError) => error,
  );
  return ['status' in ended ? ended.status : 0, ended.stderr.split(' ', 1)[0]];
};

test('what cannot be served is refused before anything is', async () => {
  const { directory } = await tinyBundle(here(), 'bundle', { sequence: 1, images: {} });
  const key = ['--key', here('keys', 'minisign.pub')];
  expect(await refused(directory, ...key, '--tls-cert', '/no/such/file')).toEqual([2, 'CPIAB-E1073']);
  const papers = ['bundle/manifest.json', 'bundle/manifest.json.minisig'];
  await run(['tar', '--zstd', '-cf', here('bundle.tar.zst'), '-C', here(), ...papers]);
  expect(await refused(here('bundle.tar.zst'), ...key)).toEqual([2, 'CPIAB-E1072']);
});
