import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../host/process.ts';
import { failure } from '../../support/failure.ts';

const main = join(dirname(dirname(dirname(import.meta.dirname))), 'cli', 'main.ts');
const invitation = `cpiab1.127.0.0.1:1.${'0'.repeat(64)}.0123456789abcdef.${'a'.repeat(43)}`;
const key = `SHA256:${'A'.repeat(43)}`;
const joining = (target: string, ...options: string[]) =>
  failure(
    run([process.execPath, main, 'join', '--ssh', target, ...options, '-'], {
      input: `${invitation}\n`,
      env: { SSH_AUTH_SOCK: '' },
    }),
  );

test.each([
  ['E1506', 'root', ['--host-key', key]],
  ['E1507', 'root@127.0.0.1', []],
  ['E1508', 'root@127.0.0.1', ['--host-key', key]],
  ['E1002', 'root@127.0.0.1', ['--host-key', key, '--name', "x'; reboot"]],
] as const)('%s: nobody is asked before all is known: %s %j', async (code, target, options) => {
  const { status, stderr } = await joining(target, ...options);
  expect([status, stderr]).toEqual([2, expect.stringContaining(`CPIAB-${code} `)]);
});
