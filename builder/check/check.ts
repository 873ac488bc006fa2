import { realpath } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { checkSites } from '../../policy/check-sites.ts';
import { distinct } from '../../policy/check-tree.ts';
import { type Finding, sorted } from '../../policy/finding.ts';
import { isTooLarge, secretFindings, tooLarge } from '../../policy/push/content.ts';
import { checkHistory } from '../../policy/push/history.ts';
import { readKnownSecrets } from '../../policy/rules/own-documents.ts';
import { Paths, type Tree } from '../../policy/tree/tree.ts';
import { type Git, gitIn } from '../bundle/git-command.ts';
import { readContents, readWorkTree } from './work-tree.ts';

export interface Checked {
  /** Files looked at. */
  files: number;
  sites: string[];
  unused: string[];
  unrendered: string[];
  findings: Finding[];
}

export interface CheckQuestion {
  repository: string;
  /** Files and folders whose findings are wanted, as the person named them; all where there are none. */
  paths: readonly string[];
  /** `YYYY-MM-DD`: exceptions that ended before count no more. */
  date: string;
}

/**
 * Holds the work tree, committed or not, and what is in its history to the rules for Git.
 * @throws CpiabError E1006 for a path that the work tree has not; E1054, E1057 where Git can't read it.
 */
export async function checkRepository(
  { repository, paths, date }: CheckQuestion,
  signal: AbortSignal,
): Promise<Checked> {
  const git = gitIn(repository, signal);
  const tree = await readWorkTree(repository, signal);
  const wanted = await Promise.all(paths.map((path) => below(repository, path, tree)));
  const { findings, ...looked } = await checkSites(tree, date);
  const contents = await checkContents(repository, tree);
  const history = (await historyFindings(tree, { repository, git }, signal)).filter(
    ({ file, rule }) => !contents.some((now) => now.file === file && now.rule === rule),
  );
  const all = sorted(distinct([...findings, ...contents, ...history]));
  return {
    ...looked,
    files: tree.entries.filter(({ path }) => isWanted(path, wanted)).length,
    findings: all.filter(({ file }) => isWanted(file, wanted)),
  };
}

const isWanted = (file: string, wanted: readonly string[]) =>
  wanted.length === 0 || wanted.some((path) => path === '' || file === path || file.startsWith(`${path}/`));

/** Path below the repository; empty for the repository itself. */
async function below(repository: string, path: string, tree: Tree): Promise<string> {
  const found = relative(
    await realpath(repository),
    await realpath(resolve(path)).catch(() => resolve(path)),
  );
  const paths = new Paths(tree);
  if (found === '' || paths.isFile(found) || paths.isFolder(found)) return found;
  throw new CpiabError('E1006', { subject: path });
}

/** Secrets and large files that lie there now. */
async function checkContents(root: string, tree: Tree): Promise<Finding[]> {
  const large = tree.entries.filter(({ kind }) => kind === 'file').filter(isTooLarge);
  const found = large.map(tooLarge);
  for await (const { path, bytes } of readContents(root, tree)) found.push(...secretFindings(path, bytes));
  return found;
}

async function historyFindings(
  tree: Tree,
  { repository, git }: { repository: string; git: Git },
  signal: AbortSignal,
): Promise<Finding[]> {
  const { known, findings } = await readKnownSecrets(tree);
  // Without a commit there is no history.
  const tip = await git('rev-parse', '--verify', '--quiet', 'HEAD^{commit}').catch(() => null);
  if (tip === null) return findings;
  const gitDir = resolve(repository, await git('rev-parse', '--git-common-dir'));
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const { found } = await checkHistory({ gitDir, env }, { range: [tip], known }, signal);
  const past = found.map(({ finding, commit, object }) => ({
    ...finding,
    what: `${finding.what} since commit ${commit ?? tip}, as object ${object}`,
  }));
  return [...findings, ...past];
}
