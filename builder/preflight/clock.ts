import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import { type Finding, fail, pass, warn } from './finding.ts';

const about = { id: 'clock', title: 'clock' };
const DAY = 24 * 60 * 60;

/**
 * A clock before the lock was made is wrong: signatures and certificates would not be valid yet.
 * @param now seconds since the epoch.
 */
export function checkClock(site: Site, { epoch }: Lock, now: number): Finding {
  if (now < epoch)
    return fail(about, new CpiabError('E4013', { subject: 'clock', args: [day(now), day(epoch)] }));
  const left = Math.floor((epoch + site.bundle.validDays * DAY - now) / DAY);
  if (left < 0)
    return warn(
      about,
      `${day(now)}; the lock is of ${day(epoch)}, so its bundle has expired already`,
      `run \`./cpiab lock ${site.name}\`, or correct the clock`,
    );
  return pass(about, `${day(now)}; the bundle will be valid for ${left} days`);
}

const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
