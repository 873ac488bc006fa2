import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { readChoice, writeChoice } from '../../../agent/slots/slots.ts';
import type { SlotName } from '../../../contract/boot-slots.ts';

const program = join(import.meta.dirname, 'child.ts');
/** An update and its trial are three starts, and a cut adds one; more would be a loop. */
const MOST_STARTS = 8;

/** When the power goes: at a line that the process says, or some milliseconds after its first. */
export type Cut = { at: RegExp } | { after: number };

/** The slot that GRUB starts, with a try taken off before, as the loader's script does. */
async function grub(root: string): Promise<SlotName> {
  const env = join(root, 'grubenv');
  const { slot, trial, tries } = await readChoice(env, 'a');
  if (trial === null || tries === 0) return slot;
  await writeChoice(env, { slot, trial, tries: tries - 1 });
  return trial;
}

/** A box whose disk is a directory: it is started until it asks for no other start. */
export class KilledBox {
  readonly #root: string;
  readonly #keys: string;

  constructor(root: string, keys: string) {
    this.#root = root;
    this.#keys = keys;
  }

  /** Runs it until the power goes. @returns what it said, and whether it was still at work when it was cut. */
  async runUntil(cut: Cut, file: string | null): Promise<{ said: string[]; wasCut: boolean }> {
    const said: string[] = [];
    for (let starts = 0; starts < MOST_STARTS; starts++) {
      const child = this.#start(await grub(this.#root), cut, file);
      const found = await follow(child, starts === 0 || 'at' in cut ? cut : null);
      said.push(...found.said);
      if (found.wasCut) return { said, wasCut: true };
      if (found.said.at(-1) !== 'restart') return { said, wasCut: false };
    }
    throw new Error(`it was started ${MOST_STARTS} times:\n${said.join('\n')}`);
  }

  /** Lets it come to rest by itself. @returns the slot that it ended on, and what it said. */
  async rest(file: string | null = null): Promise<{ slot: SlotName; said: string[] }> {
    const { said } = await this.runUntil({ at: /^never$/ }, file);
    return { slot: await grub(this.#root), said };
  }

  #start(slot: SlotName, cut: Cut, file: string | null): ChildProcess {
    const at = 'at' in cut ? cut.at.source : '^$';
    const argv = [program, this.#root, this.#keys, slot, at, ...(file === null ? [] : [file])];
    return spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  }
}

async function follow(child: ChildProcess, cut: Cut | null): Promise<{ said: string[]; wasCut: boolean }> {
  const said: string[] = [];
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  for await (const line of lines) {
    said.push(line);
    if (cut !== null && 'after' in cut && said.length === 1)
      void sleep(cut.after).then(() => child.kill('SIGKILL'));
    if (cut !== null && 'at' in cut && cut.at.test(line)) child.kill('SIGKILL');
  }
  const [status, signal] = await ended;
  if (status !== 0 && signal === null) throw new Error(`the agent's part ended with status ${status}`);
  return { said, wasCut: signal === 'SIGKILL' };
}
