import { readdir, readFile } from 'node:fs/promises';

/** Looks at the arguments and variables of all processes for texts that nobody may see there. */
export class ProcessWatch {
  /** First argument of every process that was there. */
  readonly programs = new Set<string>();
  /** `program: text`. */
  readonly seen: string[] = [];
  readonly #texts: readonly string[];
  readonly #looking: Promise<void>;
  #ended = false;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.#looking = this.#look();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#looking;
  }

  async #look(): Promise<void> {
    while (!this.#ended) {
      const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
      await Promise.all(ids.map((id) => this.#lookAt(id)));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A process may end while it is looked at. */
  async #lookAt(id: string): Promise<void> {
    const [args, variables] = await Promise.all(
      ['cmdline', 'environ'].map((name) => readFile(`/proc/${id}/${name}`, 'utf8').catch(() => '')),
    );
    const [program = ''] = (args ?? '').split('\0');
    this.programs.add(program);
    for (const text of this.#texts)
      if (`${args}${variables}`.includes(text)) this.seen.push(`${program}: ${text}`);
  }
}
