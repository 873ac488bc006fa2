import { isCarried, isLoose } from '../closed/carried.ts';
import { type Need, type Needs, needsOf } from '../closed/needs.ts';
import { stepsOf } from '../document/source-document.ts';
import type { RuleName } from '../rules.ts';
import type { Written } from '../world/world.ts';
import { appOf, type Carried, type Check } from './context.ts';

/** Looks at all that Git names outside of itself, and holds it against what the bundle of the box has. */
export const checkClosedWorld: Check = ({ carried, world, site, apps }) => {
  const needs = needsOf(world.objects, site);
  const found = [
    ...images(needs, carried),
    ...(carried === undefined ? [] : sources(needs, carried)),
    ...needs.unknown.map(({ kind, need }) => ({
      rule: 'kind-unknown' as const,
      need,
      what: `${kind} may name images`,
    })),
    ...needs.addresses
      .filter(({ file }) => appOf(file, apps)?.content.internet !== 'optional')
      .map((need) => ({ rule: 'address-outside' as const, need, what: `names ${need.text}` })),
  ];
  return found.map(({ rule, need, what }) => ({
    rule,
    file: need.file,
    line: lineOf(need, world.objects),
    what,
  }));
};

interface Unmet {
  rule: RuleName;
  need: Need;
  what: string;
}

function images({ images: all }: Needs, carried: Carried | undefined): Unmet[] {
  return [...all].flatMap(([image, { reference, needs }]): Unmet[] => {
    if (isLoose(reference))
      return needs.map((need) => ({
        rule: 'image-version' as const,
        need,
        what: `${image} has no fixed version`,
      }));
    if (carried === undefined || isCarried(reference, carried.images)) return [];
    return needs.map((need) => ({
      rule: 'image-missing' as const,
      need,
      what: `the bundle has no ${image}`,
    }));
  });
}

function sources({ charts, repositories }: Needs, carried: Carried): Unmet[] {
  const lacking = (needed: Needs['charts'], names: ReadonlySet<string>, kind: string) =>
    [...needed]
      .filter(([name]) => !names.has(name))
      .flatMap(([name, needs]) =>
        needs.map((need) => ({
          rule: 'source-missing' as const,
          need,
          what: `the bundle has no ${kind} ${name}`,
        })),
      );
  return [
    ...lacking(charts, carried.charts, 'chart'),
    ...lacking(repositories, carried.repositories, 'Git repository'),
  ];
}

/** Line of what is asked for: of its field, else of its text, in the document that asks. */
function lineOf({ file, way, text }: Need, objects: readonly Written[]): number {
  const written = objects.find(
    (one) => one.file === file && one.way.every((step, index) => way[index] === step),
  );
  if (written === undefined) return 1;
  const [at = '', ...deeper] = way.slice(written.way.length);
  const { source, partial } = written;
  return partial || deeper.length > 0 || at === '' ? source.lineOfText(text) : source.lineOf(stepsOf(at));
}
