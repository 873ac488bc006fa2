import type { GitPolicy } from '../../contract/git-policy.ts';
import { type ObjectStore, readObjects } from '../../host/git-objects.ts';
import { run } from '../../host/process.ts';
import type { Finding } from '../finding.ts';
import { signatureProblem } from '../signature/commit.ts';
import { isTooLarge, mebibytes, secretFindings, tooLarge } from './content.ts';

/** Bytes of all that one push brings. */
const MAX_PUSH = 128 << 20;
const MAX_LIST = 32 << 20;

/** A file that a commit has. */
interface StoredFile {
  id: string;
  path: string;
  size: number;
}

/** What is wrong with files that no reference of the box has yet, in whichever commit of the push they are. */
export async function checkNewFiles(
  store: ObjectStore,
  tips: readonly string[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const files = await filesOf(store, [...tips, '--not', '--all'], signal);
  const large = files.filter(isTooLarge).map(tooLarge);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > MAX_PUSH)
    return [...large, { rule: 'push-size', file: 'push', what: `brings ${mebibytes(total)} MiB` }];
  return [...large, ...(await secretsOf(store, files, secretFindings, signal)).map(({ finding }) => finding)];
}

/** What a look into the history wants to know. */
export interface HistoryQuestion {
  /** Commits, as `git rev-list` takes them. */
  range: readonly string[];
  /** Contents of files that are known to hold nothing secret. They are left out. */
  known: readonly { file: string; object: string }[];
  /** What a file has that it must not have; `secretFindings` unless told. */
  look?: (path: string, bytes: Buffer) => Finding[];
}

/** A secret in some commit. */
export interface PastFinding {
  finding: Finding;
  /** The commit that brought it, abbreviated; null where only a merge did. */
  commit: string | null;
  /** Git's name of the file's content. */
  object: string;
}

/** Secrets in any file of any commit of a range. @returns also how many contents there were to look at. */
export async function checkHistory(
  store: ObjectStore,
  { range, known, look = secretFindings }: HistoryQuestion,
  signal: AbortSignal,
): Promise<{ files: number; found: PastFinding[] }> {
  const files = await filesOf(store, range, signal);
  const unknown = files.filter(
    ({ id, path }) => !known.some(({ file, object }) => file === path && object === id),
  );
  const found = await secretsOf(store, unknown, look, signal);
  const past = found.map(async ({ id, finding }): Promise<PastFinding> => {
    const argv = ['log', '--reverse', '--format=%h', `--find-object=${id}`, ...range];
    const [commit = ''] = (await git(store, argv, signal)).stdout.split('\n');
    return { finding, commit: commit === '' ? null : commit, object: id };
  });
  return { files: files.length, found: await Promise.all(past) };
}

async function secretsOf(
  store: ObjectStore,
  files: readonly StoredFile[],
  look: (path: string, bytes: Buffer) => Finding[],
  signal: AbortSignal,
): Promise<{ id: string; finding: Finding }[]> {
  const readable = files.filter((file) => !isTooLarge(file));
  const ids = readable.map(({ id }) => id);
  const found: { id: string; finding: Finding }[] = [];
  let index = 0;
  for await (const object of readObjects(store, ids, signal)) {
    const { id = '', path = '' } = readable[index++] ?? {};
    for (const finding of look(path, object?.bytes ?? Buffer.alloc(0))) found.push({ id, finding });
  }
  return found;
}

/** What is wrong with the signatures of commits that a branch does not have yet. */
export async function checkSignatures(
  store: ObjectStore,
  { from, to }: { from: string | null; to: string },
  policy: GitPolicy,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (policy.signed === 'none') return [];
  const range = from === null ? [to] : [to, `^${from}`];
  const { stdout } = await git(store, ['rev-list', ...range], signal);
  const ids = stdout.split('\n').filter((line) => line !== '');
  const found: Finding[] = [];
  let index = 0;
  for await (const object of readObjects(store, ids, signal)) {
    const id = ids[index++] ?? '';
    const problem = signatureProblem(object?.bytes ?? Buffer.alloc(0), policy);
    if (problem !== null) found.push({ rule: 'signature', file: `commit ${id.slice(0, 12)}`, what: problem });
  }
  return found;
}

/** Every file of some commits, each content once. @param range as `git rev-list` takes it. */
async function filesOf(
  store: ObjectStore,
  range: readonly string[],
  signal: AbortSignal,
): Promise<StoredFile[]> {
  const { stdout } = await git(store, ['rev-list', '--objects', ...range], signal);
  const named = stdout.split('\n').flatMap((line) => {
    const space = line.indexOf(' ');
    return space < 0 ? [] : [{ id: line.slice(0, space), path: line.slice(space + 1) }];
  });
  const sizes = await git(store, ['cat-file', '--batch-check=%(objecttype) %(objectsize)'], signal, named);
  const lines = sizes.stdout.split('\n');
  return named.flatMap(({ id, path }, index) => {
    const size = /^blob (?<size>\d+)$/.exec(lines[index] ?? '')?.groups?.['size'];
    return size === undefined ? [] : [{ id, path, size: Number(size) }];
  });
}

async function git(
  { gitDir, env }: ObjectStore,
  args: string[],
  signal: AbortSignal,
  ids: readonly { id: string }[] = [],
) {
  const input = ids.map(({ id }) => `${id}\n`).join('');
  return await run(['git', '--git-dir', gitDir, ...args], { env, signal, input, maxOutput: MAX_LIST });
}
