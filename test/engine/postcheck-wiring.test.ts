import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkWiring } from '../../agent/postcheck/wiring.ts';
import { freePort } from '../../host/qemu/launch.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { Bazarr } from '../support/media/bazarr.ts';
import { CheckedSite } from '../support/postcheck/checked-site.ts';
import { expose } from '../support/postcheck/exposed.ts';
import { Programs } from '../support/postcheck/programs.ts';

const here = keptDirectory();
const site = new CheckedSite(here);
const programs = new Programs();
const bazarr = new Bazarr('key-of-bazarr-0123');
let port: number;
const entry = join(import.meta.dirname, '../../media-wiring/main.ts');

beforeAll(async () => {
  await site.open();
  port = await freePort();
  await bazarr.start();
  await mkdir(here('secrets'));
  await writeFile(here('secrets/bazarr'), bazarr.key);
  const settings = { general: { use_sonarr: true } };
  const declared = { bazarr: { url: bazarr.url, apiKey: { secret: 'bazarr' }, settings } };
  await writeFile(here('config.yaml'), JSON.stringify(declared));
}, 1_800_000);
afterAll(async () => {
  await programs.endAll();
  await bazarr.stop();
  await site.close();
});

/** The program that keeps it so. */
function start(): ChildProcess {
  const files = ['--config', here('config.yaml'), '--secrets', here('secrets')];
  return programs.start([process.execPath, entry, 'serve', ...files, '--port', String(port)]);
}

test('a site without such a program has nothing to be wired', async () => {
  expect((await checkWiring(site.look, 0)).result).toBe('notApplicable');
});

test('passes once nothing is left to change, and names an app that refuses', async () => {
  const place = { namespace: 'media-wiring', service: 'media-wiring', port: 8090, name: 'wiring' };
  await expose(site.kube, place, port);
  const first = start();
  expect(await checkWiring(site.look)).toEqual({ result: 'pass', evidence: '1 app as Git says' });
  expect(bazarr.settings['general']).toMatchObject({ use_sonarr: true });
  await programs.end(first);
  expect(await checkWiring(site.look, 0)).toEqual({
    result: 'fail',
    evidence: expect.stringMatching(/^no report: /),
  });
  bazarr.key = 'another-key-0123456';
  start();
  const refused =
    'bazarr: GET /api/system/settings: 401: does not accept the API key; compare its API key with the Secret; after a change of the Secret it wants a restart';
  expect(await checkWiring(site.look, 10_000)).toEqual({ result: 'fail', evidence: refused });
});
