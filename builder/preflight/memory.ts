import { CpiabError } from '../../contract/errors.ts';
import type { Memory } from '../../host/memory.ts';
import { type Finding, fail, pass, warn } from './finding.ts';

const about = { id: 'memory', title: 'memory' };

/** The program whose linking takes most. */
const LARGEST = 'kube';
/** What linking it takes at its peak: 2.47 GiB were measured, with the go command 2.59. */
const LINK = 2.6 * 2 ** 30;
/** With what else goes on meanwhile. */
const COMFORT = 4 * 2 ** 30;

/** @param compiles names of the programs that will be compiled. */
export function checkMemory(compiles: readonly string[], { available, withSwap }: Memory): Finding {
  const has = `${gib(available)} available`;
  if (!compiles.includes(LARGEST)) return pass(about, `${has}; nothing large is to be compiled`);
  if (withSwap < LINK)
    return fail(
      about,
      new CpiabError('E4009', { subject: 'this machine', args: [gib(LINK), gib(withSwap)] }),
    );
  if (available < COMFORT)
    return warn(
      about,
      `${has}; compiling ${LARGEST} alone takes ${gib(LINK)}`,
      'end other programs, or expect it to be slow',
    );
  return pass(about, has);
}

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
