import type { Lock } from '../../contract/lock.ts';
import { type DriftEntry, type DriftKind, driftKinds } from '../../contract/lock-drift.ts';
import { digestOf } from '../../contract/manifest.ts';
import { compareDebianVersions } from './debian-version.ts';

/** What a lock says of one thing. */
interface Pinned {
  /** Version or digest, for people. */
  says: string;
  /** Two things are the same when this is; `says` unless told. */
  identity?: string;
  /** Of the engine, if it comes with one. */
  release?: string | undefined;
}

/** Where in a lock things of a kind are, and why one may be there in one lock and not, or otherwise, in another. */
interface Facet {
  of(lock: Lock): readonly (readonly [name: string, pinned: Pinned])[];
  came(name: string, fresh: Lock): string;
  changed(was: Pinned, is: Pinned): string;
  gone: string;
}

const facets: Record<Exclude<DriftKind, 'set'>, Facet> = {
  input: {
    of: ({ inputs }) => Object.entries(inputs).map(([path, says]) => [path, { says }]),
    came: () => 'new input file',
    changed: () => 'input file changed',
    gone: 'input file is gone',
  },
  package: {
    of: ({ debian }) =>
      debian.packages.map(({ name, version, sha256 }) => [name, { says: version, identity: sha256 }]),
    came: (name, { debian }) => `needed by ${setsWith(name, debian.sets).join(', ')}`,
    changed: whyPackage,
    gone: 'nothing needs it any more',
  },
  program: {
    of: ({ go }) =>
      go.map(({ name, version, sumDigest }) => [
        name,
        { says: version, identity: `${version} ${sumDigest}` },
      ]),
    came: () => 'a bundle set or an image needs it',
    changed: (was, is) => (was.says === is.says ? 'go.sum changed' : 'module version changed in go.mod'),
    gone: 'nothing of the site needs it any more',
  },
  node: {
    of: ({ node }) => [[node.package, { says: node.version, identity: `${node.version} ${node.integrity}` }]],
    came: () => 'package.json names it',
    changed: () => 'version changed in package.json',
    gone: 'package.json names another package',
  },
  recipe: {
    of: ({ images }) => images.map(({ name, recipeDigest }) => [name, { says: recipeDigest }]),
    came: () => 'a bundle set names it',
    changed: () => 'recipe changed',
    gone: 'no bundle set names it any more',
  },
  image: {
    of: ({ upstream }) =>
      upstream.map(({ reference, digest, manifest, signature = '', release }) => [
        reference,
        { says: digest, identity: `${digest} ${manifest} ${signature}`, release },
      ]),
    came: () => 'a bundle set names it',
    changed: (was, is) => (was.says === is.says ? 'its signatures changed' : 'tag moved in the registry'),
    gone: 'no bundle set names it any more',
  },
  chart: {
    of: ({ charts }) => charts.map(({ reference, digest }) => [reference, { says: digest }]),
    came: () => 'a bundle set names it',
    changed: () => 'tag moved in the registry',
    gone: 'no bundle set names it any more',
  },
  file: {
    of: ({ files }) =>
      files.map(({ path, url, sha256, release }) => [
        path,
        { says: digestOf(sha256), identity: `${url} ${sha256}`, release },
      ]),
    came: () => 'a bundle set names it',
    changed: whyFile,
    gone: 'no bundle set names it any more',
  },
  repository: {
    of: ({ git }) => git.map(({ url, ref, commit }) => [`${url}@${ref}`, { says: commit }]),
    came: () => 'a bundle set names it',
    changed: () => 'branch or tag moved',
    gone: 'no bundle set names it any more',
  },
};

/**
 * What two locks pin differently, by kind and name. Dates of indexes and estimates are no drift.
 * @param old null: everything is new.
 */
export function driftBetween(old: Lock | null, fresh: Lock): DriftEntry[] {
  return driftKinds.flatMap((kind) => (kind === 'set' ? setDrift(old, fresh) : facetDrift(kind, old, fresh)));
}

function facetDrift(kind: keyof typeof facets, old: Lock | null, fresh: Lock): DriftEntry[] {
  const facet = facets[kind];
  const [before, after] = [new Map(old === null ? [] : facet.of(old)), new Map(facet.of(fresh))];
  return [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((what): DriftEntry[] => {
    const [was, is] = [before.get(what) ?? null, after.get(what) ?? null];
    const why = whyOther(was, is, facet, () => facet.came(what, fresh));
    return why === null ? [] : [{ kind, what, was: was?.says ?? null, is: is?.says ?? null, why }];
  });
}

/** Why two locks differ in one thing; null where they don't. */
function whyOther(
  was: Pinned | null,
  is: Pinned | null,
  { changed, gone }: Facet,
  came: () => string,
): string | null {
  if (was === null) return is?.release === undefined ? came() : `comes with engine ${is.release}`;
  if (is === null) return was.release === undefined ? gone : 'does not come with the engine any more';
  return (was.identity ?? was.says) === (is.identity ?? is.says) ? null : changed(was, is);
}

/** Sets that got or lost packages which both locks have; the others are named already. */
function setDrift(old: Lock | null, fresh: Lock): DriftEntry[] {
  if (old === null) return [];
  const [before, after] = [old.debian.sets, fresh.debian.sets];
  const inBoth = new Set(old.debian.packages.map(({ name }) => name)).intersection(
    new Set(fresh.debian.packages.map(({ name }) => name)),
  );
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted().flatMap((what) => {
    const [was, is] = [new Set(before[what]), new Set(after[what])];
    const came = [...is.difference(was)].filter((name) => inBoth.has(name)).map((name) => `+${name}`);
    const gone = [...was.difference(is)].filter((name) => inBoth.has(name)).map((name) => `-${name}`);
    if (came.length + gone.length === 0) return [];
    const why = `takes other packages: ${[...came, ...gone].join(' ')}`;
    return [{ kind: 'set' as const, what, was: count(was.size), is: count(is.size), why }];
  });
}

function whyFile(was: Pinned, is: Pinned): string {
  if (is.release !== undefined && is.release !== was.release) return `comes with engine ${is.release}`;
  if (was.says === is.says) return 'taken from another address';
  return is.release === undefined
    ? 'the server has another file'
    : `${is.release} was released again with another file`;
}

function whyPackage(was: Pinned, is: Pinned): string {
  const order = compareDebianVersions(was.says, is.says);
  if (order === 0) return "another file of this version in Debian's index";
  return `${order < 0 ? 'a newer' : 'only an older'} package in Debian's index`;
}

const setsWith = (name: string, sets: Lock['debian']['sets']) =>
  Object.entries(sets).flatMap(([set, names]) => (names.includes(name) ? [set] : []));

const count = (packages: number) => `${packages} package${packages === 1 ? '' : 's'}`;
