import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type Config, ConfigSchema } from '../../../media-wiring/config.ts';
import { linesOf } from '../../../media-wiring/lines.ts';
import { Secrets } from '../../../media-wiring/secrets.ts';
import { type Report, wireAll } from '../../../media-wiring/wire.ts';
import { Bazarr } from '../../support/media/bazarr.ts';
import type { HouseApp } from '../../support/media/house.ts';
import { Jellyfin } from '../../support/media/jellyfin.ts';
import { Seerr } from '../../support/media/seerr.ts';
import { Library, Prowlarr } from '../../support/media/servarr.ts';

const declared = join(import.meta.dirname, '../../../cluster/kubernetes/apps/media-wiring/config.yaml');
const login = { host: 'qbittorrent.qbittorrent.svc:8080', password: 'correct horse battery' };
const keys = new Map([
  ...['sonarr', 'radarr', 'prowlarr', 'bazarr', 'seerr'].map(
    (name) => [name, `key-of-${name}-0123456789`] as const,
  ),
  ['qbittorrent', login.password] as const,
  ['jellyfin', 'a long first password'] as const,
]);
const key = (name: string) => keys.get(name) ?? '';

let names: Map<string, string>;
let sonarr: Library;
let radarr: Library;
let prowlarr: Prowlarr;
let bazarr: Bazarr;
let jellyfin: Jellyfin;
let seerr: Seerr;
let apps: Record<string, HouseApp>;
let config: Config;

beforeEach(async () => {
  names = new Map();
  sonarr = new Library(key('sonarr'), 'tvCategory', ['/data/media/tv'], login);
  radarr = new Library(key('radarr'), 'movieCategory', ['/data/media/movies'], login);
  prowlarr = new Prowlarr(key('prowlarr'), names);
  bazarr = new Bazarr(key('bazarr'));
  seerr = new Seerr(key('seerr'), names);
  jellyfin = new Jellyfin(['/data/media/movies', '/data/media/tv', '/data/media/more']);
  apps = { sonarr, radarr, prowlarr, bazarr, jellyfin, seerr };
  const read: Record<string, { url: string }> = parse(await readFile(declared, 'utf8'));
  for (const [name, app] of Object.entries(apps)) {
    await app.start();
    const section = read[name];
    if (section === undefined) throw new Error(`${name} is not in the config`);
    names.set(new URL(section.url).host, app.url);
    section.url = app.url;
  }
  config = ConfigSchema.parse(read);
});
afterEach(async () => {
  for (const app of Object.values(apps)) await app.stop();
});

const pass = async (secrets = keys): Promise<Report> => {
  for (const app of Object.values(apps)) app.asked.length = 0;
  return await wireAll(config, new Secrets(secrets));
};
const writes = () => Object.values(apps).flatMap((app) => app.writes);
const of = (report: Report, name: string) => report.apps.find(({ app }) => app === name);

test('what Git declares of empty apps is made, and a second pass changes nothing', async () => {
  const first = await pass();
  expect(linesOf(first)).toEqual([
    'sonarr: made root folder /data/media/tv',
    'sonarr: changed media management: copyUsingHardlinks: false → true',
    'sonarr: made download client qBittorrent (Git)',
    'radarr: made root folder /data/media/movies',
    'radarr: changed media management: copyUsingHardlinks: false → true',
    'radarr: made download client qBittorrent (Git)',
    'prowlarr: made application Sonarr (Git)',
    'prowlarr: made application Radarr (Git)',
    'bazarr: changed settings of general\n  use_sonarr: false → true\n  use_radarr: false → true',
    expect.stringMatching(/^bazarr: changed settings of sonarr\n {2}ip: .*\n {2}apikey \(hidden\)$/),
    expect.stringMatching(/^bazarr: changed settings of radarr\n/),
    'jellyfin: made user admin',
    'jellyfin: made library Films',
    'jellyfin: made library Series',
    'seerr: made user admin',
    'seerr: made library Films',
    'seerr: made library Series',
    'seerr: made server Sonarr (Git)',
    'seerr: made server Radarr (Git)',
  ]);
  expect(jellyfin.user).toEqual({ name: 'admin', password: key('jellyfin') });
  expect(seerr.isInitialized).toBe(true);
  expect(seerr.servers.sonarr[0]).toMatchObject({ activeProfileId: 4, activeProfileName: 'HD-1080p' });
  expect([first.settled, (await pass()).settled, writes()]).toEqual([false, true, []]);
});

test('what somebody changed or removed by hand is put right, and nothing else', async () => {
  await pass();
  const [client] = sonarr.clients.there.values();
  if (client === undefined) throw new Error('no client');
  const fields = client.fields.map((one) => (one.name === 'tvCategory' ? { ...one, value: 'mine' } : one));
  sonarr.clients.there.set(1, { ...client, fields });
  prowlarr.applications.there.delete(2);
  const [server] = seerr.servers.radarr;
  if (server !== undefined) server.port = 1;
  expect(linesOf(await pass())).toEqual([
    'sonarr: changed download client qBittorrent (Git): tvCategory: mine → tv',
    'prowlarr: made application Radarr (Git)',
    'seerr: changed server Radarr (Git): port: 1 → 7878',
  ]);
  expect(writes()).toHaveLength(3);
  expect((await pass()).settled).toBe(true);
});

test('what a person made stays, what Git no longer has goes', async () => {
  await pass();
  const [client] = sonarr.clients.there.values();
  if (client !== undefined) sonarr.clients.there.set(7, { ...client, id: 7, name: 'mine' });
  if (config.sonarr !== undefined) config.sonarr.downloadClients = [];
  expect(linesOf(await pass())).toEqual(['sonarr: removed download client qBittorrent (Git)']);
  expect([...sonarr.clients.there.keys()]).toEqual([7]);
});

test('an API key that changed is given to those that have the old one, although they do not tell it', async () => {
  await pass();
  sonarr.key = 'another-key-of-sonarr-1';
  const report = await pass(new Map([...keys, ['sonarr', sonarr.key]]));
  expect(linesOf(report)).toEqual([
    'prowlarr: changed application Sonarr (Git): what it does not tell (hidden)',
    'bazarr: changed settings of sonarr: apikey (hidden)',
    'seerr: changed server Sonarr (Git): apiKey (hidden)',
  ]);
});

test('an app that is down is waited for, and keeps no other from it', async () => {
  await sonarr.stop();
  const report = await pass();
  expect(of(report, 'sonarr')).toMatchObject({ state: 'waiting', problem: { answer: null } });
  expect(linesOf(report)).toContainEqual(
    expect.stringMatching(
      /^sonarr: waits: does not answer at http:.*: ECONNREFUSED; see whether sonarr runs$/,
    ),
  );
  // It asks Sonarr before it takes it.
  expect(of(report, 'prowlarr')?.problem?.says).toBe(
    'Host: Unable to complete application test, cannot connect',
  );
  expect(of(report, 'radarr')?.state).toBe('wired');
  await sonarr.start();
  await pass();
  expect((await pass()).settled).toBe(true);
});

test('a wrong key is named with app, path and status, and what to do', async () => {
  const report = await pass(new Map([...keys, ['radarr', 'not-the-key-0123']]));
  expect(linesOf(report)).toContainEqual(
    'radarr: refused: GET /api/v3/rootfolder: 401: does not accept the API key; compare its API key with the Secret; after a change of the Secret it wants a restart',
  );
  expect(radarr.writes).toEqual([]);
});

test('a refusal that names nothing is named with app, path and status', async () => {
  const other = createServer((_, answer) => answer.writeHead(404).end('<html>Not Found</html>'));
  await once(other.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void other.close());
  if (config.radarr !== undefined)
    config.radarr.url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  expect(linesOf(await pass())).toContainEqual(
    'radarr: refused: GET /api/v3/rootfolder: 404: does not say why; see whether the URL is that of the app, and what radarr writes into its log',
  );
});

test('what was changed before an app refused is told too', async () => {
  if (config.sonarr !== undefined) config.sonarr.rootFolders = ['/data/media/tv', '/data/media/anime'];
  expect(of(await pass(), 'sonarr')).toMatchObject({
    state: 'failed',
    changes: [{ action: 'made', what: 'root folder /data/media/tv' }],
    problem: {
      says: "Path: Path '/data/media/anime' does not exist",
      answer: { method: 'POST', path: '/api/v3/rootfolder', status: 400 },
    },
  });
});

test('without a user of Jellyfin in Git, Seerr waits for a person', async () => {
  delete config.seerr?.jellyfin;
  expect(of(await pass(), 'seerr')).toMatchObject({ state: 'waiting', problem: { says: 'has no user yet' } });
  expect(seerr.writes).toEqual([]);
  seerr.hasUser = true;
  expect(of(await pass(), 'seerr')?.state).toBe('wired');
  expect(seerr.isInitialized).toBe(false);
});

test('a Seerr of before August 2026 gets its libraries in its own way', async () => {
  seerr.isOld = true;
  expect(linesOf(await pass())).toContain('seerr: made library Series');
  expect(seerr.libraries.map(({ name, enabled }) => [name, enabled])).toEqual([
    ['Films', true],
    ['Series', true],
  ]);
  expect((await pass()).settled).toBe(true);
});

test("a Seerr that was cut off between its user and its end goes on, and finds Jellyfin's libraries once they are there", async () => {
  jellyfin.isSetUp = true;
  jellyfin.user = { name: 'admin', password: key('jellyfin') };
  const declared = config.jellyfin;
  delete config.jellyfin;
  const problem = { says: 'does not find library Films in Jellyfin' };
  expect(of(await pass(), 'seerr')).toMatchObject({ state: 'waiting', problem });
  expect([seerr.hasUser, seerr.isInitialized]).toEqual([true, false]);
  config.jellyfin = declared;
  expect(
    of(await pass(), 'seerr')
      ?.changes.map(({ what }) => what)
      .slice(0, 2),
  ).toEqual(['library Films', 'library Series']);
  expect(seerr.isInitialized).toBe(true);
});

test('a Jellyfin that somebody has set up keeps its users, and says when its password is another', async () => {
  jellyfin.isSetUp = true;
  jellyfin.user = { name: 'admin', password: 'chosen by hand' };
  expect(linesOf(await pass())).toContain(
    'jellyfin: refused: POST /Users/AuthenticateByName: 401: does not take the password of admin; put the one that it has into the env file of the site, then `cpiab secrets render`',
  );
  expect(jellyfin.user.password).toBe('chosen by hand');
  expect(of(await pass(new Map([...keys, ['jellyfin', 'chosen by hand']])), 'jellyfin')?.state).toBe('wired');
});

test('Jellyfin is logged in to once, and again when its token opens nothing', async () => {
  await pass();
  const before = jellyfin.logins;
  await pass();
  expect(jellyfin.logins).toBe(before);
  jellyfin.forget();
  expect((await pass()).settled).toBe(true);
  expect(jellyfin.logins).toBe(before + 1);
});

test("Jellyfin's libraries and settings are completed; one of another type is named, a folder that is not there too", async () => {
  await pass();
  const films = config.jellyfin?.libraries[0];
  if (config.jellyfin === undefined || films === undefined) throw new Error('not declared');
  films.paths.push('/data/media/more');
  config.jellyfin.settings = { MetadataCountryCode: 'DE' };
  expect(linesOf(await pass())).toEqual([
    'jellyfin: changed settings: MetadataCountryCode: US → DE',
    'jellyfin: changed library Films: /data/media/more added',
  ]);
  expect(jellyfin.configuration).toMatchObject({ MetadataCountryCode: 'DE', CachePath: '' });
  config.jellyfin.libraries.push({ name: 'Music', type: 'music', paths: ['/data/media/nowhere'] });
  expect(of(await pass(), 'jellyfin')).toMatchObject({
    state: 'failed',
    problem: { answer: { status: 404 } },
  });
  films.type = 'music';
  expect(of(await pass(), 'jellyfin')?.problem?.says).toBe('has a library Films of type movies');
});

test.each([
  ['field', 'QBittorrent has no field category', { fields: { category: 'tv' } }],
  ['template', 'has no download client Deluge', { implementation: 'Deluge' }],
  ['key of the Secret', 'the Secret has no key deluge', { fields: { password: { secret: 'deluge' } } }],
])('a %s that is not there is named, and nothing is sent', async (_, says, change) => {
  const client = { name: 'x', implementation: 'QBittorrent', settings: {}, fields: {}, ...change };
  if (config.sonarr !== undefined)
    config.sonarr = { ...config.sonarr, rootFolders: [], downloadClients: [client] };
  expect(of(await pass(), 'sonarr')?.problem?.says).toBe(says);
  expect(sonarr.clients.there.size).toBe(0);
});

test('no key and no password is told, not even when an app repeats it', async () => {
  // A key that Sonarr will name as a folder that it does not have.
  sonarr.key = '/data/media/anime';
  if (config.sonarr !== undefined) config.sonarr.rootFolders = [sonarr.key];
  const secrets = new Map([...keys, ['sonarr', sonarr.key]]);
  const report = await pass(secrets);
  expect(of(report, 'sonarr')?.problem?.says).toBe("Path: Path '(hidden)' does not exist");
  const told = [JSON.stringify(report), ...linesOf(report)].join('\n');
  expect([...secrets.values()].filter((value) => told.includes(value))).toEqual([]);
});
