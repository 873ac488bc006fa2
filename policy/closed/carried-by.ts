import type { Manifest } from '../../contract/manifest.ts';
import type { Carried } from '../rules/context.ts';
import { repositoryNames } from './repositories.ts';
import { chartNames } from './sources.ts';

/** What a finished bundle has, under every name that Git may use for it. */
export function carriedBy({ images, charts, repositories }: Manifest): Carried {
  return {
    images: new Map(Object.entries(images)),
    charts: new Set(Object.entries(charts).flatMap(([reference, digest]) => chartNames(reference, digest))),
    repositories: new Set(
      Object.entries(repositories).flatMap(([name, { commit }]) => {
        const at = name.lastIndexOf('@');
        return [
          name,
          ...repositoryNames({
            url: name.slice(0, at),
            ref: name.slice(at + 1),
            name: name.slice(at + 1),
            commit,
          }),
        ];
      }),
    ),
  };
}
