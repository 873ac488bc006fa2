import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleScript } from '../../builder/fetch/script.ts';
import { ProcessError, run } from '../../host/process.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { TestQbittorrent } from '../support/media/qbittorrent.ts';
import { quietHost } from '../support/quiet-host.ts';

const repository = join(import.meta.dirname, '../..');
const path = keptDirectory();
const password = 'correct horse battery';
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

let qbittorrent: TestQbittorrent;
let program: string;

beforeAll(async () => {
  qbittorrent = new TestQbittorrent(path());
  await qbittorrent.install();
  await qbittorrent.start();
  // As the image has it.
  const host = quietHost(repository, path('cache'));
  program = (await bundleScript('media-wiring/main.ts', ['cpiab.dev/oci/media-wiring:1'], host)).file.path;
  const declared = await readFile(
    join(repository, 'cluster/kubernetes/apps/qbittorrent/wiring.yaml'),
    'utf8',
  );
  await writeFile(path('wiring.yaml'), declared.replace('http://127.0.0.1:8080', qbittorrent.url));
  await mkdir(path('secrets'));
});
afterAll(async () => qbittorrent?.stop());

const once = async (...args: string[]): Promise<string> =>
  (
    await run([
      process.execPath,
      program,
      'once',
      '--config',
      path('wiring.yaml'),
      '--secrets',
      path('secrets'),
      ...args,
    ])
  ).stdout;
const settings = async (): Promise<Record<string, unknown>> =>
  JSON.parse(await qbittorrent.ask('app/preferences'));
const categories = async (): Promise<unknown> => JSON.parse(await qbittorrent.ask('torrents/categories'));

test('the real qBittorrent gets what Git declares, without a password, and a second pass changes nothing', async () => {
  expect((await once()).trimEnd().split('\n')).toEqual([
    'qbittorrent: changed preferences',
    '  auto_tmm_enabled: false → true',
    '  use_category_paths_in_manual_mode: false → true',
    'qbittorrent: made category tv',
    'qbittorrent: made category movies',
  ]);
  expect(await settings()).toMatchObject({ auto_tmm_enabled: true, save_path: '/data/torrents', dht: false });
  expect(await categories()).toMatchObject({
    tv: { savePath: '/data/torrents/tv' },
    movies: { savePath: '/data/torrents/movies' },
  });
  expect(await once()).toBe('');
});

test('what somebody changed by hand is put right, and what Git does not have stays', async () => {
  await qbittorrent.ask('app/setPreferences', {
    json: '{"dht":true,"max_ratio":2,"max_ratio_enabled":true}',
  });
  await qbittorrent.ask('torrents/editCategory', { category: 'tv', savePath: '/data/other' });
  await qbittorrent.ask('torrents/createCategory', { category: 'mine', savePath: '/data/mine' });
  expect(await once()).toBe(
    'qbittorrent: changed preferences: dht: true → false\nqbittorrent: changed category tv: savePath: /data/other → /data/torrents/tv\n',
  );
  expect(await settings()).toMatchObject({ dht: false, max_ratio: 2 });
  expect(await categories()).toHaveProperty('mine');
});

test('the password of the Secret is what others log in with, is set once, and is not told', async () => {
  await writeFile(path('secrets/password'), password);
  const told = await once('--json');
  expect(JSON.parse(told)).toMatchObject({
    settled: false,
    apps: [
      { app: 'qbittorrent', state: 'wired', changes: [{ what: 'login', settings: ['password (hidden)'] }] },
    ],
  });
  expect(told).not.toContain(password);
  expect(await qbittorrent.loginFrom(outside ?? '', password)).toBe('Ok.');
  expect(await qbittorrent.loginFrom(outside ?? '', 'another')).toBe('Fails.');
  expect(await once()).toBe('');
});

test('all of it is there after a start, which leaves the settings as they are', async () => {
  await qbittorrent.stop();
  await qbittorrent.start();
  expect(await once()).toBe('');
});

test('a preference that it does not have is named, with exit status 1', async () => {
  await writeFile(
    path('wiring.yaml'),
    `qbittorrent: { url: '${qbittorrent.url}', preferences: { dth: false } }`,
  );
  const error = await once().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ProcessError);
  expect(error).toMatchObject({
    status: 1,
    stdout: 'qbittorrent: refused: has no preference dth; take it out of the config\n',
  });
});

test('one that is down is waited for', async () => {
  await qbittorrent.stop();
  await expect(once()).rejects.toMatchObject({
    status: 1,
    stdout: expect.stringMatching(
      /^qbittorrent: waits: does not answer at http:.*: ECONNREFUSED; see whether/,
    ),
  });
});
