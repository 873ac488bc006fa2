import { afterEach, expect, test } from 'vitest';
import { openAptRoot } from '../../../builder/lock/apt-root.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { type HostileServer, startHostile } from '../../support/registry/hostile.ts';

const here = freshDirectory();
let server: HostileServer;
afterEach(() => server.stop());

const INDEX = 'Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 01 Nov 2025 00:00:00 UTC\n';

test.each([
  ['has no signature', `${INDEX}`, 'E2109'],
  [
    'has a signature of nobody',
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${INDEX}-----BEGIN PGP SIGNATURE-----\n\n=twTO\n-----END PGP SIGNATURE-----\n`,
    'E2109',
  ],
  ['is a page to log in', '<title>Log in</title>', 'E2109'],
  ['is not there', null, 'E3002'],
])('an index of packages that %s is refused', async (_, index, code) => {
  server = await startHostile(({ url }, outgoing) => {
    if (index !== null && url?.endsWith('/InRelease')) outgoing.end(index);
    else outgoing.writeHead(404).end();
  });
  const mirrors = { debian: server.base.href, 'debian-security': server.base.href };
  const refused = await refusal(openAptRoot(here('apt'), mirrors, new AbortController().signal));
  expect(refused.code).toBe(code);
});
