import { engineImages } from '../../contract/engine-images.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Digest } from '../../contract/manifest.ts';
import { boxPrograms } from '../../contract/programs.ts';
import type { BoxSite } from '../../contract/site.ts';
import { type CarriedImages, imageNamed, isCarried, isLoose } from '../../policy/closed/carried.ts';
import type { Need, Needs } from '../../policy/closed/needs.ts';
import { repositoryNames } from '../../policy/closed/repositories.ts';
import { chartNames } from '../../policy/closed/sources.ts';

/** What the bundle will have. */
export interface Carried {
  /** Full reference → digest, or null for an image that is built from a recipe. */
  images: CarriedImages;
  /** Full reference of a chart → digest. */
  charts: ReadonlyMap<string, Digest>;
  repositories: Lock['git'];
  programs: readonly string[];
  /** Folders below `cluster/kubernetes`. */
  apps: readonly string[];
}

export interface Comparison {
  site: BoxSite;
  carried: Carried;
  needs: Needs;
  /** Folders that are applied, below the tree. */
  folders: ReadonlySet<string>;
  /** Whether a part of Git could not be read: then nothing is known to be unused. */
  incomplete: boolean;
  /** Whether the app that a file belongs to may be of no use offline. */
  isOptional: (file: string) => boolean;
  /** `file:line` of a need. */
  place: (need: Need) => string;
}

/** Holds what is needed against what is carried, both ways. One finding for each reference. */
export function compare(comparison: Comparison): CpiabError[] {
  return [
    ...imageFindings(comparison),
    ...chartFindings(comparison),
    ...repositoryFindings(comparison),
    ...engineFindings(comparison),
    ...unusedFindings(comparison),
    ...appFindings(comparison),
    ...addressFindings(comparison),
    ...comparison.needs.unknown.map(
      ({ kind, need }) =>
        new CpiabError('E2204', { subject: comparison.place(need), args: [kind, wayOf([need])] }),
    ),
  ];
}

function imageFindings({ carried, needs, place }: Comparison): CpiabError[] {
  return [...needs.images].flatMap(([image, { reference, needs: all }]): CpiabError[] => {
    const [first] = all;
    if (first === undefined) return [];
    const details = { subject: place(first), args: [image, wayOf(all)] as [string, string] };
    if (isLoose(reference)) return [new CpiabError('E2203', details)];
    return isCarried(reference, carried.images) ? [] : [new CpiabError('E2201', details)];
  });
}

function chartFindings({ carried, needs, place }: Comparison): CpiabError[] {
  const names = new Set([...carried.charts].flatMap(([reference, digest]) => chartNames(reference, digest)));
  return lacking(needs.charts, names).map(
    ([chart, all]) => new CpiabError('E2221', { subject: place(all[0]), args: [chart, wayOf(all)] }),
  );
}

function repositoryFindings({ carried, needs, place }: Comparison): CpiabError[] {
  const names = new Set(carried.repositories.flatMap(repositoryNames));
  return lacking(needs.repositories, names).map(
    ([repository, all]) =>
      new CpiabError('E2222', { subject: place(all[0]), args: [repository, wayOf(all)] }),
  );
}

/** What is needed under no name that the bundle has. */
function lacking(needs: ReadonlyMap<string, Need[]>, names: ReadonlySet<string>) {
  return [...needs].flatMap(([name, [first, ...others]]): [string, [Need, ...Need[]]][] =>
    first === undefined || names.has(name) ? [] : [[name, [first, ...others]]],
  );
}

/** The engine's own images are named by no manifest in Git. */
function engineFindings({ site, carried }: Comparison): CpiabError[] {
  const way = `engine ${site.engine.kind} ${site.engine.version}`;
  const images = requiredImages(site, carried)
    .filter((image) => !carried.images.has(image))
    .map((image) => new CpiabError('E2201', { subject: `site ${site.name}`, args: [image, way] }));
  const programs = boxPrograms
    .filter((program) => !carried.programs.includes(program))
    .map((program) => new CpiabError('E2211', { subject: `site ${site.name}`, args: [program] }));
  return [...images, ...programs];
}

function requiredImages(site: BoxSite, { images }: Carried): string[] {
  const { controlPlane, ...others } = engineImages([...images.keys()], site.engine.version);
  return [...controlPlane, ...Object.values(others)];
}

function unusedFindings({ site, carried, needs, incomplete }: Comparison): CpiabError[] {
  if (incomplete) return [];
  const named = [...needs.images.values()].map(({ reference }) => imageNamed(reference, carried.images));
  const used = new Set([...requiredImages(site, carried), ...named]);
  return [
    ...[...carried.images.keys()].filter((image) => !used.has(image)),
    ...[...carried.charts].flatMap(([chart, digest]) =>
      chartNames(chart, digest).some((name) => needs.charts.has(name)) ? [] : [chart],
    ),
  ].map((subject) => new CpiabError('E2202', { subject }));
}

const APPS = 'cluster/kubernetes/';

function appFindings({ site, carried, folders, incomplete }: Comparison): CpiabError[] {
  const applied = [...folders]
    .filter((folder) => /^cluster\/kubernetes\/(?:platform|apps)\//.test(folder))
    .map((folder) => folder.slice(APPS.length));
  const differing = [
    ...applied.filter((app) => !carried.apps.includes(app)),
    ...carried.apps.filter((app) => !incomplete && !applied.includes(app)),
  ];
  return differing.map((app) => new CpiabError('E2209', { subject: `site ${site.name}`, args: [app] }));
}

function addressFindings({ needs, isOptional, place }: Comparison): CpiabError[] {
  const byAddress = new Map<string, Need[]>();
  for (const need of needs.addresses.filter(({ file }) => !isOptional(file)))
    byAddress.set(need.text, [...(byAddress.get(need.text) ?? []), need]);
  return [...byAddress].flatMap(([address, all]) => {
    const [first] = all;
    return first === undefined
      ? []
      : [new CpiabError('E2205', { subject: place(first), args: [address, wayOf(all)] })];
  });
}

/** The first way, and how many more there are. */
function wayOf(needs: readonly Need[]): string {
  const more = needs.length > 1 ? ` and ${needs.length - 1} more` : '';
  return `${needs[0]?.way.join(' → ') ?? ''}${more}`;
}
