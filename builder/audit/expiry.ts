import { CpiabError } from '../../contract/errors.ts';
import type { Check } from './check.ts';

/** A clock may be a day off, as in another time zone, and still be right enough. */
const TOLERANCE = 24 * 60 * 60;

/** It has not expired, by a clock that can be right: nothing is made of packages that are not there yet. */
export const expiryCheck: Check = {
  name: 'expiry',
  run: async ({ medium, manifest, documents, now }) => {
    // Without a lock the clock is taken as it is; the check of the lock tells what is wrong with that.
    const made = await documents.lock().then(
      ({ document }) => document.epoch,
      () => 0,
    );
    if (now + TOLERANCE < made)
      throw new CpiabError('E2112', { subject: medium.path, args: [day(now), day(made)] });
    if (now >= manifest.expires)
      throw new CpiabError('E2108', { subject: medium.path, args: [day(manifest.expires), day(now)] });
    const left = Math.floor((manifest.expires - now) / (24 * 60 * 60));
    return { says: `expires on ${day(manifest.expires)}, in ${left} days`, count: left };
  },
};

const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
