import { join } from 'node:path';
import { keysDirectory } from '../../../builder/bundle/keys.ts';
import { run } from '../../../host/process.ts';

/** Runs git as somebody who works with a box's mirror. @returns what it prints. */
export type SiteGit = (argv: readonly string[], as?: 'operator' | 'anybody') => Promise<string>;

/** Clones a site from a box. @param ca file with the authority of the box's certificate. */
export async function cloneSite(url: string, ca: string, directory: string, site = 'lab'): Promise<SiteGit> {
  const keys = keysDirectory(site);
  const anybody = { GIT_SSL_CAINFO: ca, GIT_TERMINAL_PROMPT: '0' };
  const operator = { GIT_SSL_CERT: join(keys, 'operator.crt'), GIT_SSL_KEY: join(keys, 'operator.key') };
  const identity = ['-c', 'user.name=Operator', '-c', 'user.email=operator@example.org'];
  await run(['git', 'clone', '--quiet', `${new URL(url).origin}/git/${site}.git`, directory], {
    env: anybody,
  });
  return async (argv, as = 'anybody') => {
    const env = as === 'operator' ? { ...anybody, ...operator } : anybody;
    return (await run(['git', '-C', directory, ...identity, ...argv], { env })).stdout.trim();
  };
}

/** Commits all that was changed and pushes it. @returns the commit. */
export async function pushSite(git: SiteGit, message: string): Promise<string> {
  await git(['add', '--all']);
  await git(['commit', '--quiet', '--allow-empty', '--message', message]);
  await git(['push', '--quiet', 'origin', 'HEAD:main'], 'operator');
  return await git(['rev-parse', 'HEAD']);
}
