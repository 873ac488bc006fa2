import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { jsonOrNull } from '../../host/json.ts';
import { LARGEST_ANSWER } from './document.ts';
import { nextQuery } from './next-page.ts';
import type { Registry } from './registry.ts';

const PageSchema = z.looseObject({ tags: z.array(z.string()).nullable() });
const PAGE = 1000;
/** A repository with more tags than this is not read to its end. */
const MOST_PAGES = 50;

/**
 * Every tag of a repository. Source: OCI Distribution Specification 1.1, listing tags.
 * @param page how many to ask for at a time.
 */
export async function listTags(registry: Registry, repository: string, page = PAGE): Promise<string[]> {
  const tags: string[] = [];
  let query: string | undefined = `n=${page}`;
  for (let read = 0; query !== undefined && read < MOST_PAGES; read++) {
    const answer = await registry.document(repository, `tags/list?${query}`, { limit: LARGEST_ANSWER });
    const parsed = PageSchema.safeParse(jsonOrNull(answer.bytes));
    if (!parsed.success)
      throw new CpiabError('E3017', {
        subject: `${registry.host}/${repository}`,
        args: ['its list of tags is not one'],
      });
    tags.push(...(parsed.data.tags ?? []));
    query = nextQuery(answer.headers.link);
  }
  return tags;
}

interface Version {
  prefix: string;
  numbers: number[];
  suffix: string;
}

/**
 * The newest tag of the same form: same prefix, same suffix, as many numbers. What names no version has none.
 * @returns null when the given one is the newest.
 */
export function newerTag(tag: string, all: readonly string[]): string | null {
  const own = parseVersion(tag);
  if (own === null) return null;
  const [newest] = all
    .flatMap((name) => {
      const version = parseVersion(name);
      const alike = version?.prefix === own.prefix && version.suffix === own.suffix;
      return version !== null && alike && version.numbers.length === own.numbers.length
        ? [{ name, version }]
        : [];
    })
    .toSorted((a, b) => compare(b.version.numbers, a.version.numbers));
  return newest !== undefined && compare(newest.version.numbers, own.numbers) > 0 ? newest.name : null;
}

function parseVersion(tag: string): Version | null {
  const {
    prefix = '',
    numbers,
    suffix = '',
  } = /^(?<prefix>[A-Za-z-]*?v?)(?<numbers>\d+(?:\.\d+)+)(?<suffix>[-+][A-Za-z][\w.-]*)?$/.exec(tag)
    ?.groups ?? {};
  return numbers === undefined ? null : { prefix, numbers: numbers.split('.').map(Number), suffix };
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
