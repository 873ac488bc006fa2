import { type RunOptions, run } from '../../host/process.ts';

/** Runs a program in a network namespace, as its user where one is told. @returns what it wrote. */
export async function inside(
  namespace: string,
  argv: readonly string[],
  options: RunOptions & { user?: string } = {},
): Promise<string> {
  const { user, ...rest } = options;
  const as = user === undefined ? [] : asUser(user);
  return (await run(['ip', 'netns', 'exec', namespace, ...as, ...argv], { timeoutMs: 120_000, ...rest }))
    .stdout;
}

/** Gives up every right of root for good. Debian's users have a group of their name, but for one. Source: setpriv(1). */
export const asUser = (user: string): string[] => [
  'setpriv',
  `--reuid=${user}`,
  `--regid=${user === 'nobody' ? 'nogroup' : user}`,
  '--clear-groups',
  '--no-new-privs',
  '--',
];
