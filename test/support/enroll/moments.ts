import { writeSync } from 'node:fs';

/** Lets this process be killed at a moment: the one that its caller has named, and says which it passed. */
export class Moments {
  readonly #at: string;

  constructor(at: string) {
    this.#at = at;
  }

  pass(name: string): void {
    writeSync(1, `${name}\n`);
    if (name === this.#at) process.kill(process.pid, 'SIGKILL');
  }

  /** Has a moment before and after each call of a method. @param named of a call, by its arguments. */
  around<Args extends unknown[]>(prototype: object, method: string, named: (...args: Args) => string): void {
    const original: (...args: Args) => Promise<unknown> = Reflect.get(prototype, method);
    const pass = (name: string) => this.pass(name);
    const replaced = async function (this: unknown, ...args: Args): Promise<unknown> {
      pass(`before ${named(...args)}`);
      const result = await original.apply(this, args);
      pass(`after ${named(...args)}`);
      return result;
    };
    Reflect.set(prototype, method, replaced);
  }
}
