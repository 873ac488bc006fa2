import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CpiabError } from '../../contract/errors.ts';
import type { BoxReport } from '../report/report.ts';
import { type Candidate, describe, misfit } from './choose.ts';

/** Gives the next line that a person types, on whichever console. */
export type Ask = () => Promise<string>;

const ERASE = 'erase ';

/**
 * Shows the disks that fit on the consoles, and waits until a person names one. A disk that holds data wants
 * the word `erase` before its name.
 * @throws CpiabError E1301 when no disk can be chosen.
 */
export async function askForDisk(
  look: () => Promise<Candidate[]>,
  ask: Ask,
  report: Pick<BoxReport, 'warn'>,
  least: number,
): Promise<Candidate> {
  for (let complaint = ''; ; ) {
    const all = await look();
    const fitting = all.filter((disk) => misfit(disk, {}, least) === null);
    const [first] = fitting;
    if (first === undefined) throw noneFits(all, least);
    const list = fitting.map(describe).join('; ');
    report.warn({
      problem: `${complaint}which disk? ${list}`,
      nextAction: `type the name of a disk and press Enter, such as ${commandFor(first)}`,
    });
    const answer = chosenBy(await ask(), fitting);
    if (typeof answer !== 'string') {
      report.warn(null);
      return answer;
    }
    complaint = `${answer}; `;
  }
}

/** The disk that a person's line means, or why it means none. */
export function chosenBy(line: string, fitting: readonly Candidate[]): Candidate | string {
  const words = line.trim().split(/\s+/).join(' ');
  const mayErase = words.startsWith(ERASE);
  const name = basename(mayErase ? words.slice(ERASE.length) : words);
  const disk = fitting.find(({ path }) => basename(path) === name);
  if (disk === undefined) return `there is no disk ${JSON.stringify(name)}`;
  if (disk.content.kind === 'foreign' && !mayErase) return `${name} holds data: type \`${ERASE}${name}\``;
  return disk;
}

const commandFor = ({ path, content }: Candidate) =>
  `\`${content.kind === 'foreign' ? ERASE : ''}${basename(path)}\``;

function noneFits(all: readonly Candidate[], least: number): CpiabError {
  const reasons = all.map((disk) => `${basename(disk.path)} is ${misfit(disk, {}, least)}`);
  const none = 'the machine has none that Linux knows';
  return new CpiabError('E1301', { subject: 'install', args: [reasons.join('; ') || none] });
}

/** Asks several consoles at once: the first whole line counts, what comes later waits for the next question. */
export function linesOf(inputs: readonly Readable[], signal: AbortSignal): Ask {
  const kept: string[] = [];
  let waiting: ((line: string) => void) | undefined;
  for (const input of inputs) {
    // A port without hardware behind it says so when it is read.
    input.on('error', () => {});
    createInterface({ input, signal }).on('line', (line) => {
      if (waiting === undefined) kept.push(line);
      else waiting(line);
    });
  }
  return () =>
    new Promise((resolve, reject) => {
      const line = kept.shift();
      if (line !== undefined) return resolve(line);
      waiting = (typed) => {
        waiting = undefined;
        resolve(typed);
      };
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
}
