import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type Provider from 'oidc-provider';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { addressOf } from './forwarded.ts';
import type { Log } from './log.ts';
import { page } from './pages.ts';
import { type Answer, send } from './send.ts';
import type { Users } from './users.ts';

/** Of a form with a name and a password. */
const LARGEST_FORM = 4096;

const QUARTER = 15 * 60;
/** Wrong passwords for one name from one address, and all from one address: then it waits for a quarter of an hour. */
const TRIES = { forName: 5, forAddress: 30 };

const wrong = 'The user name or the password is not right.';
const tooMany = 'Too many tries. Wait for a quarter of an hour.';

/** The page where people type name and password. */
export class SignIn {
  readonly #provider: Provider;
  readonly #users: Users;
  readonly #log: Log;
  readonly #forName = new RateLimiterMemory({ points: TRIES.forName, duration: QUARTER });
  readonly #forAddress = new RateLimiterMemory({ points: TRIES.forAddress, duration: QUARTER });

  constructor(provider: Provider, users: Users, log: Log) {
    this.#provider = provider;
    this.#users = users;
    this.#log = log;
  }

  /** Answers below `/interaction/`. @throws what the provider says of a login that nobody began. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params } = await this.#provider.interactionDetails(request, response);
    const host = new URL(String(params['redirect_uri'])).host;
    if (request.method !== 'POST') {
      send(response, form(200, { host, name: '', problem: null }));
      return;
    }
    const { name, password } = await readForm(request);
    const refused = await this.#refused(name, password, addressOf(request));
    if (refused !== null) {
      send(response, form(refused.status, { host, name, problem: refused.problem }));
      return;
    }
    await this.#provider.interactionFinished(request, response, { login: { accountId: name } });
  }

  async #refused(name: string, password: string, address: string) {
    const key = `${address} ${name}`;
    if (!(await this.#mayTry(key, address))) {
      this.#log({ event: 'sign-in-limited', user: name, address });
      return { status: 429, problem: tooMany };
    }
    if (!(await this.#users.isPassword(name, password))) {
      this.#log({ event: 'sign-in-refused', user: name, address });
      return { status: 401, problem: wrong };
    }
    this.#log({ event: 'sign-in', user: name, address });
    await this.#forName.delete(key);
    await this.#forAddress.reward(address, 1);
    return null;
  }

  /** Counts the try before it is made, so that many at once are no more than one after another. */
  async #mayTry(key: string, address: string): Promise<boolean> {
    try {
      await this.#forAddress.consume(address);
      await this.#forName.consume(key);
      return true;
    } catch (error) {
      if (error instanceof RateLimiterRes) return false;
      throw error;
    }
  }
}

function form(status: number, shown: Parameters<typeof page.signIn>[0]): Answer {
  return { status, html: page.signIn(shown) };
}

async function readForm(request: IncomingMessage): Promise<{ name: string; password: string }> {
  if (!(Number(request.headers['content-length']) <= LARGEST_FORM)) return { name: '', password: '' };
  const fields = new URLSearchParams(await text(request));
  return { name: (fields.get('name') ?? '').trim().toLowerCase(), password: fields.get('password') ?? '' };
}
