import { join, recordsOf } from '../object.ts';
import type { Extractor, FoundImage } from './extractor.ts';

/**
 * Images in fields that are called so, wherever they are: `image`, `…Image`, and the pair of `repository`
 * and `tag` that charts have in their values.
 */
export const imageFields: Extractor = (object) =>
  [...recordsOf(object)].flatMap(({ record, at }) => [...direct(record, at), ...pair(record, at)]);

function direct(record: Record<string, unknown>, at: string): FoundImage[] {
  return Object.entries(record).flatMap(([name, value]) =>
    /^image$|Image$/.test(name) && typeof value === 'string' && value !== ''
      ? [{ image: value, at: join(at, name) }]
      : [],
  );
}

function pair({ registry, repository, tag, digest }: Record<string, unknown>, at: string): FoundImage[] {
  if (typeof repository !== 'string' || (tag === undefined && digest === undefined)) return [];
  const name = typeof registry === 'string' && registry !== '' ? `${registry}/${repository}` : repository;
  const version = tag === undefined || tag === '' ? '' : `:${String(tag)}`;
  const exact = typeof digest === 'string' ? `@${digest}` : '';
  return [{ image: `${name}${version}${exact}`, at: join(at, 'repository') }];
}
