import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const MOMENT_MS = 5000;

/** Joins two connections until one of them is over, and lets the other hear all of what that has said. */
export async function bothWays(one: Duplex, other: Duplex): Promise<void> {
  one.pipe(other).pipe(one);
  const over = [one, other].map((each) => finished(each).catch(() => {}));
  await Promise.race(over);
  // What is still said to who is gone is heard by nobody, and its end is waited for.
  for (const each of [one, other]) each.resume();
  await Promise.race([Promise.all(over), sleep(MOMENT_MS, undefined, { ref: false })]);
  for (const each of [one, other]) each.destroy();
}
