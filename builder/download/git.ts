import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { Site } from '../../contract/site.ts';
import { ProcessError, run } from '../../host/process.ts';
import { authorities, readCertificates } from './trust.ts';

/** What a transfer may stand still for: less than a byte a second for so many seconds. */
const SILENCE_SECONDS = '60';

/** A Git repository elsewhere, as this machine's git reaches it: with the logins and proxies that Git itself knows. */
export interface Remote {
  url: string;
  /** File of PEM certificates to trust instead of Git's own choice, where the site names one for the server. */
  authorities: string | null;
}

/**
 * @param scratch directory for what git is to read; must outlive the remote.
 * @throws CpiabError E1006, E1048 for certificates that the site names.
 */
export async function openRemote(
  url: string,
  { servers }: Site,
  repository: string,
  scratch: string,
): Promise<Remote> {
  const path = servers[new URL(url).host]?.ca;
  if (path === undefined) return { url, authorities: null };
  const file = join(scratch, 'authorities.pem');
  await writeFile(file, authorities(await readCertificates(repository, path)).join('\n'));
  return { url, authorities: file };
}

/**
 * Runs a git command that talks to a remote. Git may use the address's own protocol and no other, also where
 * a server redirects (git(1), GIT_ALLOW_PROTOCOL), and asks nobody for a password.
 * @throws CpiabError E3045 with what git says.
 */
export async function remoteGit(
  { url, authorities: file }: Remote,
  args: string[],
  signal: AbortSignal,
): Promise<string> {
  const env = {
    GIT_ALLOW_PROTOCOL: new URL(url).protocol.slice(0, -1),
    GIT_TERMINAL_PROMPT: '0',
    GIT_HTTP_LOW_SPEED_LIMIT: '1',
    GIT_HTTP_LOW_SPEED_TIME: SILENCE_SECONDS,
    LC_ALL: 'C.UTF-8',
    // The variable, as it goes before every setting.
    ...(file !== null && { GIT_SSL_CAINFO: file }),
  };
  try {
    return (await run(['git', ...args], { env, signal })).stdout;
  } catch (cause) {
    if (!(cause instanceof ProcessError)) throw cause;
    const said = cause.stderr.trim().split('\n').at(-1) || cause.message;
    throw new CpiabError('E3045', { subject: url, args: [said.replace(/^fatal: /, '')], cause });
  }
}
