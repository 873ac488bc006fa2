import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CpiabError } from '../../contract/errors.ts';
import type { InstallRequest, OfferedDisk } from '../../contract/install.ts';
import type { BoxReport } from '../report/report.ts';
import { type Candidate, describe, describeContent, misfit } from './choose.ts';
import { requested } from './requested.ts';

/** Gives the next line that a person types, on whichever console. */
export type Ask = () => Promise<string>;

const ERASE = 'erase ';

/** What a question about disks is shown with. */
type Shown = Pick<BoxReport, 'warn' | 'observe'>;

/** Asks for the disk to install to: a person at the machine's consoles, and an operator elsewhere. Who is first decides. */
export class DiskQuestion {
  #open: { fitting: readonly Candidate[]; answer: (disk: Candidate) => void } | undefined;

  /**
   * Takes an operator's answer.
   * @returns the disk.
   * @throws CpiabError E1307 when nothing is asked, E1304…E1306 when the request means none.
   */
  answer(request: InstallRequest): Candidate {
    if (this.#open === undefined) throw new CpiabError('E1307', { subject: 'this box' });
    const disk = requested(request, this.#open.fitting);
    this.#open.answer(disk);
    this.#open = undefined;
    return disk;
  }

  /**
   * Shows the disks that fit, and waits until one is named. A disk that holds data wants the word `erase` before
   * its name.
   * @throws CpiabError E1301 when no disk can be chosen.
   */
  async ask(look: () => Promise<Candidate[]>, ask: Ask, report: Shown, least: number): Promise<Candidate> {
    try {
      for (let complaint = ''; ; ) {
        const fitting = await fittingDisks(look, least);
        show(fitting, complaint, report);
        const answer = await this.#first(ask, fitting);
        if (typeof answer !== 'string') return answer;
        complaint = `${answer}; `;
      }
    } finally {
      this.#open = undefined;
      report.warn(null);
      report.observe({ install: null });
    }
  }

  #first(ask: Ask, fitting: readonly Candidate[]): Promise<Candidate | string> {
    const elsewhere = new Promise<Candidate>((answer) => {
      this.#open = { fitting, answer };
    });
    return Promise.race([elsewhere, ask().then((line) => chosenBy(line, fitting))]);
  }
}

async function fittingDisks(look: () => Promise<Candidate[]>, least: number): Promise<Candidate[]> {
  const all = await look();
  const fitting = all.filter((disk) => misfit(disk, {}, least) === null);
  if (fitting.length === 0) throw noneFits(all, least);
  return fitting;
}

function show(fitting: readonly Candidate[], complaint: string, report: Shown): void {
  const [first] = fitting;
  const example = first === undefined ? '' : commandFor(first);
  report.observe({ install: { disks: fitting.map(offered) } });
  report.warn({
    problem: `${complaint}which disk? ${fitting.map(describe).join('; ')}`,
    nextAction: `type the name of a disk and press Enter, such as ${example}, or use \`cpiab install\``,
  });
}

const offered = ({ path, size, model, serial, content }: Candidate): OfferedDisk => ({
  ...{ name: basename(path), size, model, serial },
  free: content.kind !== 'foreign',
  content: describeContent(content),
});

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
