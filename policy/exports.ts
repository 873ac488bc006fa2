/** A directory that an NFS server exports. */
export interface Export {
  path: string;
  /** Everybody's files belong to this user; null where each keeps his own. */
  everybody: number | null;
}

/** What the NAS of this repository exports, as its own server has it. */
export const exportsFile = 'synology/exports';

/** Of somebody that the server does not know, where it does not say another. Source: exports(5), `anonuid`. */
const ANONYMOUS = 65534;

/** Reads lines of a path and its first client. Source: exports(5). */
export const parseExports = (text: string): Export[] =>
  text.split('\n').flatMap((line) => {
    const found = /^(?<path>\/\S*)(?:\s+[^\s(]*\((?<options>[^)]*)\))?/.exec(line.trim())?.groups;
    if (found?.['path'] === undefined) return [];
    const options = (found['options'] ?? '').split(',');
    const named = options.find((option) => option.startsWith('anonuid='));
    const anonymous = named === undefined ? ANONYMOUS : Number(named.slice('anonuid='.length));
    return [{ path: found['path'], everybody: options.includes('all_squash') ? anonymous : null }];
  });

/** The export that has a path: of several that hold it, the innermost. */
export const exportOf = (all: readonly Export[], path: string): Export | undefined =>
  all
    .filter((one) => path === one.path || path.startsWith(`${one.path}/`))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
