import { createHash } from 'node:crypto';
import { CpiabError, combined } from '../../contract/errors.ts';
import { type Finding, fixOf, placeOf } from '../../policy/finding.ts';
import { secretFindings } from '../../policy/push/content.ts';
import { checkHistory } from '../../policy/push/history.ts';
import { readKnownSecrets } from '../../policy/rules/own-documents.ts';
import type { Tree } from '../../policy/tree/tree.ts';
import { headOf } from '../bundle/head.ts';
import { readContents, readWorkTree } from '../check/work-tree.ts';
import { asError } from '../close/rules.ts';
import { readEnvFile } from './env-file.ts';

/** A secret in plain text. */
export interface Leak {
  /** `file:line`. */
  place: string;
  /** The first commit that has it, abbreviated; null for what is not committed. */
  commit: string | null;
  /** Identifier that Git gives the file's content. */
  blob: string;
  what: string;
  fix: string;
}

export interface Scan {
  /** Files of the work tree, and of all commits. */
  files: { tree: number; history: number };
  leaks: Leak[];
}

/** A shorter value is also a word of other texts. */
const SHORTEST_VALUE = 8;

/**
 * Looks for secrets in the work tree and in every commit of every branch and tag: by shape, as values of Secrets,
 * and as values of the site's env file where there is one. What is known to be none is left out of both.
 * @throws CpiabError E2230 for a list of known secrets that is none, E1420 for an env file that others may read; what
 *   `headOf` throws.
 */
export async function scanRepository(repository: string, site: string, signal: AbortSignal): Promise<Scan> {
  const values = await valuesOf(repository, site);
  const look = (path: string, bytes: Buffer) => [
    ...secretFindings(path, bytes),
    ...valueFindings(path, bytes, values),
  ];
  const { gitDir, commit } = await headOf(repository, true, signal);
  const store = { gitDir, env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' } };
  const tree = await readWorkTree(repository, signal);
  const known = await requireKnown(tree);
  const { files, found } = await checkHistory(store, { range: ['--all', commit], known, look }, signal);
  const past = found.map(({ finding, object, commit }) => leakOf(finding, object, commit));
  const committed = new Set(past.map(({ place, what }) => `${place} ${what}`));
  const present: Leak[] = [];
  for await (const { path, bytes } of readContents(repository, tree)) {
    const blob = blobOf(bytes);
    if (known.some(({ file, object }) => file === path && object === blob)) continue;
    present.push(...look(path, bytes).map((finding) => leakOf(finding, blob, null)));
  }
  const fresh = present.filter(({ place, what }) => !committed.has(`${place} ${what}`));
  return { files: { tree: tree.entries.length, history: files }, leaks: [...past, ...fresh] };
}

async function requireKnown(tree: Tree) {
  const { known, findings } = await readKnownSecrets(tree);
  const [first, ...others] = findings.map(asError);
  if (first !== undefined) throw combined([first, ...others]);
  return known;
}

/** Source: Pro Git, "Git Objects". */
const blobOf = (bytes: Buffer) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

const leakOf = (finding: Finding, blob: string, commit: string | null): Leak => ({
  place: placeOf(finding),
  commit,
  blob,
  what: finding.what,
  fix: fixOf(finding),
});

function valueFindings(path: string, bytes: Buffer, values: readonly Needle[]): Finding[] {
  return values.flatMap(({ variable, needles }): Finding[] => {
    const at = needles.map((needle) => bytes.indexOf(needle)).find((offset) => offset >= 0);
    if (at === undefined) return [];
    const line = bytes.subarray(0, at).toString('latin1').split('\n').length;
    return [{ rule: 'env-file', file: path, line, what: `holds the value of ${variable}` }];
  });
}

interface Needle {
  variable: string;
  /** The value as it is, and as a Secret's `data` has it. */
  needles: Buffer[];
}

async function valuesOf(repository: string, site: string): Promise<Needle[]> {
  const values = await readEnvFile(repository, site).catch((error: unknown) => {
    if (error instanceof CpiabError && error.code === 'E1006') return new Map<string, string>();
    throw error;
  });
  return [...values]
    .filter(([, value]) => value.length >= SHORTEST_VALUE)
    .map(([variable, value]) => {
      const plain = Buffer.from(value);
      return { variable, needles: [plain, Buffer.from(plain.toString('base64'))] };
    });
}
