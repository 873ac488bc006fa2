import { chmod, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { type ProcessError, run } from '../../../host/process.ts';
import { freshPath } from '../../support/enroll/box.ts';

const scripts = resolve(import.meta.dirname, '../../../agent/files/usr/lib/cpiab/guest');

test('the scripts of a machine that joins as it is are free of shellcheck findings', async () => {
  const names = ['join', 'root', 'unstack', 'leave', 'cpiab'];
  await run(['shellcheck', ...names.map((name) => resolve(scripts, name))]);
});

/** Where `cpiab` finds the box's system, in a mount namespace of its own: a program there, or nothing. */
const PLACE = `mount -t tmpfs tmpfs /var/lib
[[ $1 == nothing ]] || install -D -m 755 /dev/null /var/lib/cpiab-guest/root/system/usr/lib/cpiab/bin/node
PATH=$2:$PATH exec bash "$3" leave`;

test.each([
  ['was told', '0', true],
  ['could not be told', '1', true],
  ['cannot be told, since nothing of its system is here', 'nothing', true],
  ['was about to be told when somebody pressed Ctrl-C', '130', false],
] as const)('a machine whose box %s leaves as it should', async (_, told, leaves) => {
  const programs = await freshPath();
  // In place of the agent, as it ends; what `leave` does to a machine is tried on a real one.
  await writeFile(join(programs, 'chroot'), `#!/bin/bash\nexit ${told}\n`);
  await writeFile(join(programs, 'systemctl'), '#!/bin/bash\necho "systemctl $*"\n');
  for (const name of ['chroot', 'systemctl']) await chmod(join(programs, name), 0o755);
  const argv = ['unshare', '--mount', 'bash', '-c', PLACE, 'sh', told, programs, resolve(scripts, 'cpiab')];
  const ended = await run(argv).then(
    ({ stdout }) => ({ stdout, status: 0 }),
    (error: ProcessError) => error,
  );
  expect(ended.stdout.includes('systemctl start cpiab-leave.service')).toBe(leaves);
  expect(ended.status).toBe(told === 'nothing' ? 1 : Number(told));
});
