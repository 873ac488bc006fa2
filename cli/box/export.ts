import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type CredentialFiles, credentialFiles } from '../../builder/bundle/keys.ts';
import { CpiabError } from '../../contract/errors.ts';
import { ensureDirectory, renameDurably } from '../../host/files.ts';
import { isolatedGit } from '../../host/isolated-git.ts';
import { ProcessError, run } from '../../host/process.ts';
import type { BoxAddress } from './client.ts';

/** What was told, else what this machine has for a site; null where it has none: then it may read as anyone may. */
export function readerFiles(site: string, cert?: string, key?: string): CredentialFiles | null {
  const files = credentialFiles(site, cert, key);
  const asked = cert !== undefined || key !== undefined;
  return asked || (existsSync(files.cert) && existsSync(files.key)) ? files : null;
}

/** What a file has of a box's repository. */
export interface Exported {
  /** Commit of `main`. */
  head: string;
  /** Branches and tags, sorted. */
  references: string[];
}

/**
 * Writes a box's whole repository into one file, as `git bundle` has it. The box is known by its key alone.
 * @param credential what an operator shows, where the site lets nobody else read.
 * @throws CpiabError E5004 when git gets no answer, or one with another key.
 */
export async function exportRepository(
  { url, fingerprint }: BoxAddress,
  site: string,
  credential: CredentialFiles | null,
  out: string,
  signal: AbortSignal,
): Promise<Exported> {
  const scratch = await mkdtemp(join(await ensureDirectory(dirname(resolve(out))), '.export-'));
  const copy = join(scratch, 'site.git');
  const bundle = join(scratch, 'site.bundle');
  const git = async (...args: string[]) =>
    (await run(['git', ...args], { env: environment(fingerprint, credential), signal })).stdout;
  try {
    const remote = new URL(`/git/${site}.git`, url).href;
    await git('clone', '--quiet', '--mirror', remote, copy).catch((cause: unknown) => {
      if (!(cause instanceof ProcessError)) throw cause;
      const said = cause.stderr.trim().split('\n').at(-1) ?? '';
      throw new CpiabError('E5004', { subject: url.href, args: [said.replace(/^fatal: /, '')], cause });
    });
    await git('--git-dir', copy, 'bundle', 'create', '--quiet', bundle, 'HEAD', '--branches', '--tags');
    await git('--git-dir', copy, 'bundle', 'verify', '--quiet', bundle);
    const references = await git(
      '--git-dir',
      copy,
      'for-each-ref',
      '--format=%(refname)',
      'refs/heads',
      'refs/tags',
    );
    const head = await git('--git-dir', copy, 'rev-parse', 'refs/heads/main');
    await renameDurably(bundle, out);
    return { head: head.trim(), references: references.trim().split('\n') };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Whatever configuration lies elsewhere: git talks to this one box, and packs by one thread, to the same bytes. */
function environment(fingerprint: string, credential: CredentialFiles | null): Record<string, string> {
  return isolatedGit({
    'http.sslVerify': 'false',
    'http.pinnedPubkey': `sha256//${Buffer.from(fingerprint, 'hex').toString('base64')}`,
    ...(credential && { 'http.sslCert': credential.cert, 'http.sslKey': credential.key }),
    'http.followRedirects': 'false',
    'http.proxy': '',
    'protocol.allow': 'never',
    'protocol.https.allow': 'always',
    'pack.threads': '1',
    'transfer.fsckObjects': 'true',
  });
}
