import { CpiabError } from '../../contract/errors.ts';
import type { MediaKind } from '../../contract/media.ts';
import { mediaOf, type Site, whyNoBox } from '../../contract/site.ts';

/**
 * The media that a build writes.
 * @param only kinds that somebody asked for; the site's own unless told.
 * @param subject where they were asked for.
 * @throws CpiabError E1080 for a kind that boots, of a site that has no box.
 */
export function chosenMedia(
  site: Site,
  only: readonly MediaKind[] = mediaOf(site),
  subject: string = site.name,
): readonly MediaKind[] {
  const why = whyNoBox(site);
  const bootable = only.filter((kind) => kind !== 'tarball');
  if (why === null || bootable.length === 0) return only;
  throw new CpiabError('E1080', { subject, args: [bootable.join(', '), why] });
}
