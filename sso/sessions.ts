import { randomBytes } from 'node:crypto';

interface Session {
  user: string;
  host: string;
  refreshToken: string;
  /** Milliseconds since the epoch. */
  ends: number;
  recheck: number;
  checking: Promise<boolean> | null;
}

/** Whether the login behind a token still is: the provider's word. @throws when it gives none. */
export type StillIn = (refreshToken: string) => Promise<boolean>;

interface Times {
  sessionSeconds: number;
  recheckSeconds: number;
}

/**
 * Who is logged in at which host, by the random word in his cookie. In memory: after a restart a browser gets another
 * word from the provider, which knows the login, without anybody seeing it.
 */
export class Sessions {
  readonly #all = new Map<string, Session>();
  readonly #times: Times;
  readonly #stillIn: StillIn;

  constructor(times: Times, stillIn: StillIn) {
    this.#times = times;
    this.#stillIn = stillIn;
  }

  /** @returns what the cookie says. */
  begin(user: string, host: string, refreshToken: string): string {
    const now = Date.now();
    for (const [id, { ends }] of this.#all) if (ends <= now) this.#all.delete(id);
    const id = randomBytes(32).toString('base64url');
    const { sessionSeconds } = this.#times;
    const ends = now + sessionSeconds * 1000;
    this.#all.set(id, { user, host, refreshToken, ends, recheck: this.#next(), checking: null });
    return id;
  }

  end(id: string | undefined): void {
    this.#all.delete(id ?? '');
  }

  /** The user's name; null for a word of nobody, of another host, or of a login that is over. */
  async userOf(id: string | undefined, host: string): Promise<string | null> {
    const session = this.#all.get(id ?? '');
    if (session === undefined || session.host !== host) return null;
    if (session.ends > Date.now() && (await this.#isIn(session))) return session.user;
    this.end(id);
    return null;
  }

  async #isIn(session: Session): Promise<boolean> {
    if (session.recheck > Date.now()) return true;
    // A page asks for many things at once: one question is enough.
    session.checking ??= this.#stillIn(session.refreshToken).finally(() => {
      session.checking = null;
    });
    const still = await session.checking;
    session.recheck = this.#next();
    return still;
  }

  #next(): number {
    return Date.now() + this.#times.recheckSeconds * 1000;
  }
}
