import { setTimeout as sleep } from 'node:timers/promises';

/** Does the same again and again, until it is stopped. What fails is for the next round. */
export class Rounds {
  readonly #round: () => Promise<void>;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(round: () => Promise<void>) {
    this.#round = round;
  }

  start(): void {
    this.#running = this.#go();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #go(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#round().catch(() => {});
      await sleep(100);
    }
  }
}
