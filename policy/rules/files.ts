import { posix } from 'node:path';
import type { Finding } from '../finding.ts';
import type { Tree } from '../tree/tree.ts';

/** Names that Windows has for devices, and what it can't write. Source: Naming Files, Paths, and Namespaces (Microsoft). */
const UNFIT = /(?:^|\/)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.[^/]*)?(?:\/|$)|[\\:*?"<>|\p{C}]/iu;

/** A file for the values of a site's Secrets, before they are encrypted, is a finding by its name. */
export const envFile = (path: string): Finding[] =>
  /^config\/env\/(?!.*\.example$)/.test(path)
    ? [{ rule: 'env-file', file: path, what: 'holds secrets in plain text' }]
    : [];

/** What no repository that others check out may have. */
export async function checkFiles(tree: Tree): Promise<Finding[]> {
  const names = tree.entries.filter(({ path }) => UNFIT.test(path));
  return [
    ...tree.entries
      .filter(({ kind }) => kind === 'submodule')
      .map(({ path }): Finding => ({ rule: 'submodule', file: path, what: 'a submodule' })),
    ...names.map(
      ({ path }): Finding => ({
        rule: 'path-name',
        file: path,
        what: 'not a path that every file system can have',
      }),
    ),
    ...tree.entries.flatMap(({ path }) => envFile(path)),
    ...(await linksOut(tree)),
    ...collisions(tree),
  ];
}

async function linksOut(tree: Tree): Promise<Finding[]> {
  const links = tree.entries.filter(({ kind }) => kind === 'link').map(({ path }) => path);
  const targets = await tree.read(links);
  return links.flatMap((path, index): Finding[] => {
    const target = targets[index] ?? '';
    const leads = posix.normalize(posix.join(posix.dirname(path), target));
    if (!posix.isAbsolute(target) && leads !== '..' && !leads.startsWith('../')) return [];
    return [{ rule: 'link-out', file: path, line: 1, what: `leads to ${target}` }];
  });
}

function collisions({ entries }: Tree): Finding[] {
  const seen = new Map<string, string>();
  return entries.flatMap(({ path }): Finding[] => {
    const key = path.normalize('NFC').toLowerCase();
    const first = seen.get(key);
    seen.set(key, first ?? path);
    return first === undefined
      ? []
      : [{ rule: 'case-collision', file: path, what: `collides with ${first}` }];
  });
}
