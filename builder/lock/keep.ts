import type { Lock } from '../../contract/lock.ts';

/**
 * The fresh lock, but all that was locked already and isn't named stays as it was.
 * @param named packages, references, paths of files, and `address@reference` of repositories.
 */
export function keepVersions(old: Lock, fresh: Lock, named: ReadonlySet<string>): Lock {
  // The files of a release vouch for each other: one of them alone is never another.
  const release = fresh.files.find((file) => file.release !== undefined && named.has(file.path))?.release;
  const packages = kept(old.debian.packages, fresh.debian.packages, {
    same: ({ name, arch }) => `${name}:${arch}`,
    chosen: ({ name }) => named.has(name),
  });
  return {
    ...fresh,
    // What came with another release is another thing, though it may have the same name.
    upstream: kept(old.upstream, fresh.upstream, {
      same: (image) => `${image.reference} ${image.release ?? ''}`,
      chosen: ({ reference }) => named.has(reference),
    }),
    charts: kept(old.charts, fresh.charts, {
      same: ({ reference }) => reference,
      chosen: ({ reference }) => named.has(reference),
    }),
    files: kept(old.files, fresh.files, {
      same: (file) => `${file.path} ${file.url} ${file.release ?? ''}`,
      chosen: (file) => named.has(file.path) || (file.release !== undefined && file.release === release),
    }),
    git: kept(old.git, fresh.git, {
      same: ({ url, ref }) => `${url}@${ref}`,
      chosen: ({ url, ref }) => named.has(`${url}@${ref}`),
    }),
    debian: { ...fresh.debian, packages },
  };
}

/** When an entry of two locks is one and the same thing, and which ones are to be taken anew. */
interface Rule<Entry> {
  same(entry: Entry): string;
  chosen(entry: Entry): boolean;
}

function kept<Entry>(old: readonly Entry[], fresh: readonly Entry[], { same, chosen }: Rule<Entry>): Entry[] {
  const locked = new Map(old.map((entry) => [same(entry), entry]));
  return fresh.map((entry) => (chosen(entry) ? entry : (locked.get(same(entry)) ?? entry)));
}
