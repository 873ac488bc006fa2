import { type RunOptions, run } from '../../host/process.ts';

/** Runs a program in a network namespace, as its user where one is told. @returns what it wrote. */
export async function inside(
  namespace: string,
  argv: readonly string[],
  options: RunOptions & { user?: string } = {},
): Promise<string> {
  const { user, ...rest } = options;
  const as = user === undefined ? WITH_US : asUser(user);
  return (await run(['ip', 'netns', 'exec', namespace, ...as, ...argv], { timeoutMs: 120_000, ...rest }))
    .stdout;
}

/** Who goes on with a drill that was killed must find nothing that still works for it. Source: setpriv(1). */
const WITH_US = ['setpriv', '--pdeathsig=KILL', '--'];

/** Gives up every right of root for good. Debian's users have a group of their name, but for one. Source: setpriv(1). */
export const asUser = (user: string): string[] => [
  'setpriv',
  '--pdeathsig=KILL',
  `--reuid=${user}`,
  `--regid=${user === 'nobody' ? 'nogroup' : user}`,
  '--clear-groups',
  '--no-new-privs',
  '--',
];
