import type { GitPolicy } from '../../contract/git-policy.ts';
import { type ObjectStore, readObjects } from '../../host/git-objects.ts';
import { run } from '../../host/process.ts';
import type { Finding } from '../finding.ts';
import { signatureProblem } from '../signature/commit.ts';
import { secretsIn } from './secrets.ts';

/** Bytes of one file; of a manifest, which is read whole; of all that one push brings. */
const MAX_FILE = 10 << 20;
const MAX_MANIFEST = 1 << 20;
const MAX_PUSH = 128 << 20;
const MAX_LIST = 32 << 20;
const MANIFEST = /^cluster\/.*\.ya?ml$/;

/** A file that a push brings. */
interface NewFile {
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
  const files = await newFiles(store, tips, signal);
  const large = files.filter(({ path, size }) => size > (MANIFEST.test(path) ? MAX_MANIFEST : MAX_FILE));
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const mebibytes = (bytes: number) => (bytes / (1 << 20)).toFixed(1);
  const tooLarge = large.map(
    ({ path, size }): Finding => ({ rule: 'large-file', file: path, what: `has ${mebibytes(size)} MiB` }),
  );
  if (total > MAX_PUSH)
    return [...tooLarge, { rule: 'push-size', file: 'push', what: `brings ${mebibytes(total)} MiB` }];
  const readable = files.filter((file) => !large.includes(file));
  const found: Finding[] = [];
  let index = 0;
  for await (const object of readObjects(
    store,
    readable.map(({ id }) => id),
    signal,
  )) {
    const path = readable[index++]?.path ?? '';
    for (const { rule, name, line } of secretsIn(object?.bytes.toString('latin1') ?? ''))
      found.push({ rule, file: path, line, what: `holds ${name}` });
  }
  return [...tooLarge, ...found];
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

async function newFiles(
  store: ObjectStore,
  tips: readonly string[],
  signal: AbortSignal,
): Promise<NewFile[]> {
  const { stdout } = await git(store, ['rev-list', '--objects', ...tips, '--not', '--all'], signal);
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
