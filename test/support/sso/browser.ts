import { request } from 'node:http';

/** What a browser behind Traefik is answered. */
export interface Seen {
  url: URL;
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

interface Asking {
  method?: string;
  headers?: Record<string, string>;
  form?: Record<string, string>;
}

interface Cookie {
  value: string;
  path: string;
}

/** Who stands where: the login's two listeners. */
export interface Place {
  issuer: string;
  loginPort: number;
  forwardAuthPort: number;
}

/**
 * Asks as a browser does whose requests Traefik passes on: to the login itself, or to its forward authentication with
 * the headers that Traefik v3.5 sends ("ForwardAuth", forward-request headers). It keeps cookies by host and path. What
 * passes is answered with the name that the app would be told.
 */
export class TestBrowser {
  readonly cookies = new Map<string, Map<string, Cookie>>();
  readonly #place: Place;
  readonly #address: string;

  constructor(place: Place, address = '192.0.2.7') {
    this.#place = place;
    this.#address = address;
  }

  /** One request, no redirect. */
  async ask(url: URL | string, { method = 'GET', headers = {}, form }: Asking = {}): Promise<Seen> {
    const to = new URL(url);
    const isLogin = to.origin === this.#place.issuer;
    const sent = {
      'x-forwarded-proto': to.protocol.slice(0, -1),
      'x-forwarded-host': to.host,
      'x-forwarded-for': this.#address,
      ...(!isLogin && { 'x-forwarded-method': method, 'x-forwarded-uri': `${to.pathname}${to.search}` }),
      cookie: this.#cookiesFor(to),
      ...headers,
    };
    const seen = await this.#send(to, isLogin, form === undefined ? method : 'POST', sent, form);
    for (const line of [seen.headers['set-cookie'] ?? []].flat()) this.#keep(to.host, line);
    return seen;
  }

  /** Follows redirects until a page. */
  async open(url: URL | string, asking: Asking = {}): Promise<Seen> {
    let seen = await this.ask(url, asking);
    for (let hops = 0; seen.headers['location'] !== undefined; hops++) {
      if (hops > 12) throw new Error(`too many redirects, at last to ${seen.headers['location']}`);
      seen = await this.ask(new URL(String(seen.headers['location']), seen.url));
    }
    return seen;
  }

  /** Opens a page and logs in. */
  async signIn(url: string, name: string, password: string): Promise<Seen> {
    const page = await this.open(url);
    return await this.open(page.url, { form: { name, password } });
  }

  cookie(host: string, name: string): string | undefined {
    return this.cookies.get(host)?.get(name)?.value;
  }

  setCookie(host: string, name: string, value: string): void {
    const jar = this.cookies.get(host) ?? new Map<string, Cookie>();
    this.cookies.set(host, jar.set(name, { value, path: '/' }));
  }

  #cookiesFor({ host, pathname }: URL): string {
    return [...(this.cookies.get(host) ?? [])]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
  }

  #keep(host: string, line: string): void {
    const [pair = '', ...attributes] = line.split(/; ?/);
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    const get = (wanted: string) =>
      attributes.find((each) => each.toLowerCase().startsWith(`${wanted}=`))?.split('=')[1];
    const jar = this.cookies.get(host) ?? new Map<string, Cookie>();
    const gone = get('max-age') === '0' || Date.parse(get('expires') ?? '9999') < Date.now();
    if (gone) jar.delete(name);
    else jar.set(name, { value, path: get('path') ?? '/' });
    this.cookies.set(host, jar);
  }

  #send(
    url: URL,
    isLogin: boolean,
    method: string,
    headers: Record<string, string>,
    form?: Record<string, string>,
  ): Promise<Seen> {
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const { loginPort, forwardAuthPort } = this.#place;
    const at = isLogin
      ? { port: loginPort, path: `${url.pathname}${url.search}`, method }
      : { port: forwardAuthPort, path: '/', method: 'GET' };
    const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      request(
        { host: '127.0.0.1', agent: false, ...at, headers: { ...headers, ...type, ...length } },
        async (incoming) => {
          const text = (await incoming.toArray()).join('');
          resolve({ url, status: incoming.statusCode ?? 0, headers: incoming.headers, text });
        },
      )
        .on('error', reject)
        .end(body);
    });
  }
}
