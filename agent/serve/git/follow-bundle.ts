import { flux } from '../../../contract/layout.ts';
import { run } from '../../../host/process.ts';
import { gitEnvironment } from './settings.ts';

const MAIN = `refs/heads/${flux.branch}`;
/** The commit that the running version's bundle carries, for people to merge from. */
const BUNDLE = 'refs/heads/bundle';
/** Where the served branch was put the last time that it followed a bundle, and where it had been. */
const FOLLOWED = 'refs/cpiab/followed';
const BEFORE = 'refs/cpiab/before';

/**
 * Brings the running version's commit into the box's repository, as branch `bundle`. The served branch goes
 * there as well as long as that loses nothing: when it is an ancestor, or when nobody has pushed since it
 * followed the last bundle. So it also comes back when a version gives way to the one before. Else what was
 * pushed stays, and somebody merges `bundle`.
 * @param gitBundle path of the git bundle; its content must be verified.
 * @returns what became of the served branch.
 */
export async function followBundle(
  repository: string,
  gitBundle: string,
  signal: AbortSignal,
): Promise<'same' | 'followed' | 'kept'> {
  const git = async (...args: string[]) =>
    (await run(['git', '--git-dir', repository, ...args], { env: gitEnvironment(), signal })).stdout.trim();
  const at = (ref: string) => git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`).catch(() => null);
  const isIn = (one: string, other: string) =>
    git('merge-base', '--is-ancestor', one, other).then(
      () => true,
      () => false,
    );
  await git('fetch', '--quiet', gitBundle, `+${MAIN}:${BUNDLE}`);
  const [bundle, main, followed, before] = await Promise.all([BUNDLE, MAIN, FOLLOWED, BEFORE].map(at));
  if (!bundle || !main) throw new Error(`${repository} has no ${main ? BUNDLE : MAIN}`);
  if (main === bundle) return 'same';
  const target = await targetOf({ bundle, main, followed, before }, isIn);
  if (target === null) return 'kept';
  // All of it or nothing; a push that came in between makes it nothing.
  const updates = [
    `update ${BEFORE} ${main}`,
    `update ${MAIN} ${target} ${main}`,
    `update ${FOLLOWED} ${target}`,
  ];
  await run(['git', '--git-dir', repository, 'update-ref', '--stdin'], {
    ...{ env: gitEnvironment(), signal, input: `${updates.join('\n')}\n` },
  });
  return 'followed';
}

interface Refs {
  bundle: string;
  main: string;
  followed: string | null | undefined;
  before: string | null | undefined;
}

/** Where the served branch may go; null when it must stay. */
async function targetOf(
  { bundle, main, followed, before }: Refs,
  isIn: (one: string, other: string) => Promise<boolean>,
): Promise<string | null> {
  if (main !== followed) return (await isIn(main, bundle)) ? bundle : null;
  // Back to what was there before a version that gave way, with all that had been pushed on top of this one.
  return before && before !== main && (await isIn(bundle, before)) ? before : bundle;
}
