import { readFile, rm } from 'node:fs/promises';
import type { Ask } from '../install/question.ts';
import type { BoxReport } from '../report/report.ts';

export const recoveryHint =
  'opens the state when the TPM does not. Write it down, keep it away from this box, then type `noted` here and press Enter: it is not shown again';
const ANSWER = 'noted';

/**
 * The recovery passphrase that this start made. It is in memory, and shown on the box's own consoles alone: not in
 * the status, not in the log. It goes when a person has it, or with this start.
 */
export class Recovery {
  readonly #path: string;
  #passphrase: string | null;

  private constructor(path: string, passphrase: string | null) {
    this.#path = path;
    this.#passphrase = passphrase;
  }

  /** @param path of the file that the data unit writes; absent where it made none. */
  static async read(path: string): Promise<Recovery> {
    const text = (await readFile(path, 'utf8').catch(() => '')).trim();
    return new Recovery(path, text === '' ? null : text);
  }

  /** Null when nobody need note it any more. */
  get passphrase(): string | null {
    return this.#passphrase;
  }

  /** Waits for a person at a console, and tells everywhere that one is waited for. */
  async untilNoted(ask: Ask, report: Pick<BoxReport, 'lasting'>): Promise<void> {
    if (this.#passphrase === null) return;
    report.lasting('recovery', {
      problem: "the recovery passphrase of the box's state stands on its console, and nobody has noted it",
      nextAction: `write it down there and type \`${ANSWER}\`; the next start does not show it`,
    });
    while ((await ask()).trim() !== ANSWER);
    await this.forget(report);
  }

  /** A person has it, or another one counts. */
  async forget(report: Pick<BoxReport, 'lasting'>): Promise<void> {
    await rm(this.#path, { force: true });
    this.#passphrase = null;
    report.lasting('recovery', null);
  }
}
