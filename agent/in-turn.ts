/** Work about the same thing comes one after the other, so that no answer is from what was before. */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>();

  /** @param key what the work is about. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    return await this.#take([key], work);
  }

  /** @param keys all that the work is about now; when its turn comes and there are more, it waits for these too. */
  async runAbout<T>(keys: () => readonly string[], work: () => Promise<T>): Promise<T> {
    for (;;) {
      const taken = keys();
      const isAll = () => keys().every((key) => taken.includes(key));
      const done = await this.#take(taken, async () => (isAll() ? { result: await work() } : null));
      if (done !== null) return done.result;
    }
  }

  /** Of all keys at once: whoever waits, waits for who came before, so that no two wait for each other. */
  async #take<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = Promise.all(keys.map((key) => this.#last.get(key)));
    const done = before.then(work);
    const settled = done.catch(() => {});
    for (const key of keys) this.#last.set(key, settled);
    try {
      return await done;
    } finally {
      for (const key of keys) if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}
