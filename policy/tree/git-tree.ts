import { type ObjectStore, readObjects } from '../../host/git-objects.ts';
import { run } from '../../host/process.ts';
import type { Tree, TreeEntry } from './tree.ts';

const KINDS: Readonly<Record<string, TreeEntry['kind']>> = { '120000': 'link', '160000': 'submodule' };
/** A commit with more names is not of this repository's kind. */
const MAX_LIST = 32 << 20;

/** The tree of a commit, read with git. Files of it are read when they are asked for. */
export async function gitTree(store: ObjectStore, commit: string, signal?: AbortSignal): Promise<Tree> {
  const argv = ['git', '--git-dir', store.gitDir, 'ls-tree', '-r', '-l', '-z', commit];
  const options = { env: store.env, maxOutput: MAX_LIST, ...(signal === undefined ? {} : { signal }) };
  const { stdout } = await run(argv, options);
  const entries = stdout
    .split('\0')
    .filter((line) => line !== '')
    .map(parseEntry);
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  return {
    entries,
    read: async (paths) => {
      const known = paths.filter((path) => (byPath.get(path)?.kind ?? 'submodule') !== 'submodule');
      const ids = known.map((path) => byPath.get(path)?.id ?? '');
      const texts = new Map<string, string>();
      let index = 0;
      for await (const object of readObjects(store, ids, signal)) {
        const path = known[index++];
        if (object !== null && path !== undefined) texts.set(path, object.bytes.toString('utf8'));
      }
      return paths.map((path) => texts.get(path) ?? null);
    },
  };
}

/** `<mode> <type> <id> <size>\t<path>`; a submodule has `-` for its size. Source: git-ls-tree(1). */
function parseEntry(line: string): TreeEntry & { id: string } {
  const tab = line.indexOf('\t');
  const [mode = '', , id = '', size = ''] = line.slice(0, tab).split(/ +/);
  return { path: line.slice(tab + 1), kind: KINDS[mode] ?? 'file', id, size: Number(size) || 0 };
}
