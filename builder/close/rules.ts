import { CpiabError } from '../../contract/errors.ts';
import type { BoxSite } from '../../contract/site.ts';
import { checkTree } from '../../policy/check-tree.ts';
import { type Finding, fixOf, placeOf } from '../../policy/finding.ts';
import { dateOf } from '../../policy/push/check-push.ts';
import type { RuleName } from '../../policy/rules.ts';
import { gitTree } from '../../policy/tree/git-tree.ts';

/** What the closed world tells by codes of its own, having built what Flux would apply. */
const TOLD: readonly RuleName[] = [
  'remote-base',
  'orphan-manifest',
  'flux-source',
  'flux-path',
  'resource-missing',
  'resource-outside',
  'yaml-syntax',
  'image-version',
  'kind-unknown',
  'address-outside',
];

/** Holds a commit to the rules that a box holds pushes to. Images and addresses are the closed world's. */
export async function ruleFindings(
  { gitDir, commit, site }: { gitDir: string; commit: string; site: BoxSite },
  signal: AbortSignal,
): Promise<CpiabError[]> {
  const store = { gitDir, env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' } };
  const tree = await gitTree(store, commit, signal);
  const found = await checkTree({ tree, site, date: await dateOf(store, commit, signal) });
  return found.filter(({ rule }) => !TOLD.includes(rule)).map(asError);
}

/** A finding as an error of a command. */
export function asError(finding: Finding): CpiabError {
  const { rule, what } = finding;
  return new CpiabError('E2230', { subject: placeOf(finding), args: [rule, what, fixOf(finding)] });
}
