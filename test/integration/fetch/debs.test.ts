import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchDebs } from '../../../builder/fetch/debs.ts';
import { SiteSchema } from '../../../contract/site.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import { tinyLock, tinyPackage } from '../../support/tiny-lock.ts';

const path = freshDirectory();
const content = Buffer.alloc(100_000, 'deb');
const deb = tinyPackage('git', {
  sha256: createHash('sha256').update(content).digest('hex'),
  size: content.length,
});
const debian = { ...tinyLock().debian, packages: [deb], sets: { build: ['git'] } };

type Answer = (response: ServerResponse) => void;
const whole: Answer = (response) => response.end(content);
const busy: Answer = (response) => response.writeHead(503).end();
const gone: Answer = (response) => response.writeHead(404).end();
const other: Answer = (response) => response.end('another package');
const cut: Answer = (response) => {
  response.writeHead(200, { 'content-length': content.length });
  response.write(content.subarray(0, 50_000), () => response.destroy());
};

let mirror: Server;
/** What the mirror answers, one after another; the last one again and again. */
let answers: Answer[];
let requests: string[];
beforeEach(async () => {
  requests = [];
  mirror = createServer(({ url = '' }, response) => {
    requests.push(url);
    (answers[requests.length - 1] ?? answers.at(-1))?.(response);
  });
  mirror.listen(0, '127.0.0.1');
  await once(mirror, 'listening');
});
afterEach(async () => {
  mirror.closeAllConnections();
  mirror.close();
  await once(mirror, 'close');
});

async function fetched() {
  const { port } = mirror.address() as AddressInfo;
  const site = SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    debian: { mirror: `http://127.0.0.1:${port}/debian/` },
  });
  return await fetchDebs(site, tinyLock({ debian }), quietHost(path(), path('cache')));
}

describe('a locked package', () => {
  test('comes although the mirror is busy, then breaks off; it is not asked again for what is here', async () => {
    answers = [busy, cut, whole];
    expect((await readFile((await fetched()).file('git').path)).equals(content)).toBe(true);
    expect(requests).toEqual(Array(3).fill(`/debian/${deb.path}`));
    await fetched();
    expect(requests).toHaveLength(3);
  });

  test('is given up after four tries', async () => {
    answers = [busy];
    const refused = await refusal(fetched());
    expect([refused.code, refused.subject]).toEqual(['E3002', 'git 1.0-1']);
    expect(refused.toJSON().cause).toBe('the mirror answered 503');
    expect(requests).toHaveLength(4);
  });

  test.each([
    ['that the mirror has no more', gone, 'E3001'],
    ['that is another one', other, 'E2103'],
  ])('%s is not asked for again', async (_, answer, code) => {
    answers = [answer];
    expect((await refusal(fetched())).code).toBe(code);
    expect(requests).toHaveLength(1);
  });
});
