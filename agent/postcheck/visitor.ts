import type { Look } from './look.ts';
import { ask } from './route-client.ts';

/** From an app to the login, to its form, back, and to the page. */
const MOST_HOPS = 10;

export interface Page {
  url: URL;
  status: number;
}

/** Opens pages of some hosts as a browser does: keeps cookies by host, and goes where it is led. */
export class Visitor {
  readonly #look: Look;
  readonly #hosts: ReadonlySet<string>;
  readonly #cookies = new Map<string, Map<string, string>>();

  /** @param hosts where it may be led. */
  constructor(look: Look, hosts: readonly string[]) {
    this.#look = look;
    this.#hosts = new Set(hosts);
  }

  /** @param form is posted. @throws Error where it is led elsewhere, or without end. */
  async open(url: URL, form?: Readonly<Record<string, string>>): Promise<Page> {
    let page = await this.#ask(url, form);
    for (let hops = 0; page.location !== ''; hops++) {
      const next = new URL(page.location, page.url);
      if (hops === MOST_HOPS) throw new Error(`${url.host} leads on without end`);
      if (next.protocol !== 'https:' || !this.#hosts.has(next.host))
        throw new Error(`${page.url.host} leads to ${next.origin}`);
      page = await this.#ask(next);
    }
    return { url: page.url, status: page.status };
  }

  async #ask(url: URL, form?: Readonly<Record<string, string>>) {
    const kept = this.#cookies.get(url.host) ?? new Map<string, string>();
    this.#cookies.set(url.host, kept);
    const cookie = [...kept].map((pair) => pair.join('=')).join('; ');
    const path = `${url.pathname}${url.search}`;
    const question = { name: url.host, path, protocol: 'https', cookie } as const;
    const { status, location, cookies } = await ask(this.#look, { ...question, ...(form && { form }) });
    for (const line of cookies) keep(kept, line);
    return { url, status, location };
  }
}

/** Source: RFC 6265, section 5.2. Paths are left out: the login's own differ by name. */
function keep(kept: Map<string, string>, line: string): void {
  const { name = '', value = '' } = /^(?<name>[^=;]+)=(?<value>[^;]*)/.exec(line)?.groups ?? {};
  if (value === '') kept.delete(name);
  else kept.set(name, value);
}
