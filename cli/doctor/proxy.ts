import { type Check, fail, pass, warn } from './check.ts';

/** Variables by which apt, npm, Go and Git are told of a proxy. Source: curl(1), environment; apt-transport-http(1). */
const NAMES = ['http_proxy', 'https_proxy', 'all_proxy'];

export const proxyCheck: Check = {
  id: 'proxy',
  title: 'proxy variables',
  neededBy: [],
  look: async () => {
    const given = NAMES.flatMap((name) => [name, name.toUpperCase()])
      .map((name) => ({ name, value: process.env[name] ?? '' }))
      .filter(({ value }) => value !== '');
    const wrong = given.filter(({ value }) => !isProxy(value)).map(({ name }) => name);
    if (wrong.length > 0)
      return fail(`${wrong.join(', ')}: not an address`, 'write http://HOST:PORT there, or unset it');
    if (given.length === 0) return pass('none');
    return warn(
      given.map(({ name }) => name).join(', '),
      'apt, npm, Go and Git use them; registries and servers of files are asked directly',
    );
  },
};

function isProxy(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^(?:https?|socks[45]?[ah]?):$/.test(url.protocol) && url.hostname !== '';
}
