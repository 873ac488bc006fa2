import type { Wait } from './step.ts';

/** How long what is waited for has been waited for. A start of the agent gives it all of its time again: the power may have been off. */
export class Patience {
  readonly #since = new Map<string, number>();

  /** @param now milliseconds that only grow. @returns the first that has not come about in its time, or null. */
  exhausted(waits: readonly Wait[], now: number): Wait | null {
    const keys = new Set(waits.map(({ key }) => key));
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key);
    for (const { key } of waits) if (!this.#since.has(key)) this.#since.set(key, now);
    return (
      waits.find(({ key, limitSeconds }) => now - (this.#since.get(key) ?? now) >= limitSeconds * 1000) ??
      null
    );
  }

  /** Everything has its time anew. */
  renew(): void {
    this.#since.clear();
  }
}
