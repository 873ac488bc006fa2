import { basename } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { InstallRequest } from '../../contract/install.ts';
import { type Candidate, describe, misfit } from './choose.ts';

/**
 * The one disk that an operator means.
 * @param fitting what the box offers.
 * @throws CpiabError E1304 none, E1305 several, E1306 it holds data that may not go.
 */
export function requested({ disk, erase }: InstallRequest, fitting: readonly Candidate[]): Candidate {
  const { name, ...rule } = disk;
  const meant = fitting.filter(
    (each) => misfit(each, rule, 0) === null && (name === undefined || basename(each.path) === name),
  );
  const words = Object.entries(disk)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const [one, ...others] = meant;
  if (one === undefined) throw new CpiabError('E1304', { subject: 'disk', args: [words] });
  if (others.length > 0)
    throw new CpiabError('E1305', { subject: 'disk', args: [words, meant.map(describe).join('; ')] });
  if (one.content.kind === 'foreign' && !erase)
    throw new CpiabError('E1306', { subject: basename(one.path), args: [describe(one)] });
  return one;
}
