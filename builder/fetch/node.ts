import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tar from 'tar';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { CachedFile } from '../../host/cache.ts';
import { run } from '../../host/process.ts';
import type { BuildHost } from '../host.ts';

/**
 * Node.js for the box: the npm package's binary.
 * @throws CpiabError E3002 when the package isn't to be had, E2103 when it is not the locked one.
 */
export async function fetchNode(lock: Lock, host: BuildHost): Promise<{ file: CachedFile; cached: boolean }> {
  const { files, cached } = await host.cache.files('node', lock.node, async (scratch) => {
    const archive = await packNode(lock, scratch, host.signal);
    await tar.extract({ file: archive, cwd: scratch, filter: (path) => path === 'package/bin/node' });
    return { node: join(scratch, 'package', 'bin', 'node') };
  });
  return { file: files.node, cached };
}

async function packNode({ node }: Lock, scratch: string, signal: AbortSignal): Promise<string> {
  const spec = `${node.package}@${node.version}`;
  const { stdout } = await run(['npm', 'pack', '--silent', '--pack-destination', scratch, spec], {
    cwd: scratch,
    signal,
  }).catch((cause: unknown) => {
    throw new CpiabError('E3002', { subject: spec, cause });
  });
  const archive = join(scratch, stdout.trim().split('\n').at(-1) ?? '');
  const digest = createHash('sha512')
    .update(await readFile(archive))
    .digest('base64');
  if (`sha512-${digest}` !== node.integrity) throw new CpiabError('E2103', { subject: spec });
  return archive;
}
