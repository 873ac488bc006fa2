import { run } from '../../host/process.ts';

/** Options of a build that takes the tree as it is: a developer's may hold changes; CI's never does. */
export async function dirtyOption(repository: string): Promise<string[]> {
  const { stdout } = await run(['git', '-C', repository, 'status', '--porcelain']);
  return stdout === '' ? [] : ['--dirty'];
}
