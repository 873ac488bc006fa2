import type { AppName } from './config.ts';
import { Problem } from './problem.ts';

const TIMEOUT_MS = 30_000;
const KEY_TODO = 'compare its API key with the Secret; after a change of the Secret it wants a restart';
const PASSWORD_TODO = 'let it bypass authentication for clients on localhost, in its options';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** The API of one app. Answers that are no success throw a Problem. */
export class Api {
  readonly app: AppName;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #hasKey: boolean;

  /** @param credential an API key, or the headers of who asks. */
  constructor(app: AppName, url: string, credential: string | Readonly<Record<string, string>> = {}) {
    this.app = app;
    this.#url = url;
    this.#hasKey = typeof credential === 'string';
    // Sonarr, Radarr, Prowlarr, Bazarr and Seerr all take it so.
    this.#headers = typeof credential === 'string' ? { 'X-Api-Key': credential } : credential;
  }

  get = async (path: string): Promise<unknown> => await json(await this.ask('GET', path), path);
  send = (method: Exclude<Method, 'GET'>, path: string, body?: unknown): Promise<Response> =>
    this.ask(method, path, body);
  /** As `application/x-www-form-urlencoded`. */
  form = (path: string, values: Record<string, string>): Promise<Response> =>
    this.ask('POST', path, new URLSearchParams(values));

  async ask(method: Method, path: string, body?: unknown): Promise<Response> {
    const isForm = body instanceof URLSearchParams;
    const response = await fetch(`${this.#url}${path}`, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        ...this.#headers,
        ...(body === undefined || isForm ? {} : { 'Content-Type': 'application/json' }),
      },
      body: isForm || body === undefined ? (body ?? null) : JSON.stringify(body),
    }).catch((error: unknown) => {
      throw new Problem(`does not answer at ${this.#url}: ${reason(error)}`, {
        state: 'waiting',
        todo: `see whether ${this.app} runs`,
        cause: error,
      });
    });
    if (!response.ok) throw await this.#refusal(response, method, path);
    return response;
  }

  async #refusal(response: Response, method: Method, path: string): Promise<Problem> {
    const { status } = response;
    const answer = { method, path, status };
    const explained = messageIn(await response.text());
    const said = explained === '' ? 'does not say why' : explained;
    if ([502, 503, 504].includes(status))
      return new Problem(said, { state: 'waiting', todo: `see whether ${this.app} runs`, answer });
    if (status === 401 || status === 403) {
      const says = this.#hasKey ? 'does not accept the API key' : 'asks for a password';
      return new Problem(says, { todo: this.#hasKey ? KEY_TODO : PASSWORD_TODO, answer });
    }
    const todo =
      explained === ''
        ? `see whether the URL is that of the app, and what ${this.app} writes into its log`
        : `put right what it names, in the config or in ${this.app}`;
    return new Problem(said, { todo, answer });
  }
}

async function json(response: Response, path: string): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    const says = `answers ${path} with something other than JSON`;
    throw new Problem(says, { todo: 'see whether the URL is that of the app', cause });
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : error.message;
}

/** The sentences of a refusal: Servarr lists `errorMessage`, it and Seerr have `message`; others say it as text. */
function messageIn(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    const parts = (Array.isArray(parsed) ? parsed : [parsed]).map(sentence).filter((part) => part !== '');
    if (parts.length > 0) return parts.join('; ').slice(0, 500);
  } catch {
    // Text, then.
  }
  return /^\s*</.test(body) ? '' : body.trim().slice(0, 200);
}

function sentence(part: unknown): string {
  if (typeof part !== 'object' || part === null) return '';
  const { propertyName, errorMessage, message, error } = part as Record<string, unknown>;
  const said = [errorMessage, message, error].find((text) => typeof text === 'string' && text !== '');
  if (said === undefined) return '';
  return typeof propertyName === 'string' && propertyName !== '' ? `${propertyName}: ${said}` : String(said);
}
