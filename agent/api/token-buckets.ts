/** How much one client may do: `burst` at once, and `perSecond` from then on. */
export interface Rate {
  burst: number;
  perSecond: number;
}

interface Bucket {
  tokens: number;
  /** Milliseconds of `now` at which `tokens` was right. */
  at: number;
}

/**
 * A token bucket for each client. The table is bounded: when it is full, whoever was quiet for longest
 * is forgotten, which gives that one a full bucket again.
 */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #most: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param most clients remembered. @param now milliseconds that only grow. */
  constructor(rate: Rate, most: number, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#most = most;
    this.#now = now;
  }

  /** Takes one token. @returns 0, or the whole seconds after which there will be one. */
  take(client: string): number {
    const { burst, perSecond } = this.#rate;
    const now = this.#now();
    const known = this.#buckets.get(client) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, known.tokens + ((now - known.at) / 1000) * perSecond);
    const granted = tokens >= 1;
    this.#buckets.delete(client);
    this.#buckets.set(client, { tokens: granted ? tokens - 1 : tokens, at: now });
    this.#forget();
    return granted ? 0 : Math.ceil((1 - tokens) / perSecond);
  }

  get size(): number {
    return this.#buckets.size;
  }

  #forget(): void {
    if (this.#buckets.size <= this.#most) return;
    // A Map keeps the order of insertion, and each use inserts anew.
    for (const quietest of this.#buckets.keys()) {
      this.#buckets.delete(quietest);
      return;
    }
  }
}
