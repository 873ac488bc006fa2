import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { removeTree } from '../support/remove-tree.ts';
import type { Check } from './check.ts';
import { checkHelp } from './help.ts';
import { checkImages } from './images.ts';
import { checkServer } from './server.ts';

const USAGE =
  'npm run test:k3s -- --k3s BINARY --images TAR\nBINARY and TAR are of one release of k3s, such as k3s and k3s-airgap-images-amd64.tar.zst\n';

/** Tries what the agent writes for k3s on a real one. Prints a line for each claim; ends with 1 when one does not hold. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { k3s: { type: 'string' }, images: { type: 'string' } } });
  if (values.k3s === undefined || values.images === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const [program, images] = [resolve(values.k3s), resolve(values.images)];
  const scratch = await mkdtemp(join(tmpdir(), 'cpiab-k3s-'));
  try {
    const checks = [...checkHelp(program), ...checkImages(images), ...checkServer(program, scratch)];
    const failed = await runAll(checks);
    process.stdout.write(`${checks.length - failed} passed, ${failed} failed\n`);
    return failed === 0 ? 0 : 1;
  } finally {
    await removeTree(scratch);
  }
}

async function runAll(checks: readonly Check[]): Promise<number> {
  let failed = 0;
  for (const [claim, check] of checks) {
    const line = await check().then(
      (seen) => `ok      ${claim}: ${seen}`,
      (error: Error) => `failed  ${claim}: ${error.message}`,
    );
    if (line.startsWith('failed')) failed += 1;
    process.stdout.write(`${line}\n`);
  }
  return failed;
}

process.exitCode = await main();
