import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lockInputs } from '../../../builder/lock/inputs.ts';
import { lockPath, readLock } from '../../../builder/lock/read.ts';
import { formatLock } from '../../../builder/lock/resolve.ts';
import { findCredentials } from '../../../builder/registry/credentials.ts';
import { SiteSchema } from '../../../contract/site.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { tinyLock } from '../../support/tiny-lock.ts';

const here = freshDirectory();
const { signal } = new AbortController();
const site = SiteSchema.parse({ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab' });

async function put(path: string, content: string | Uint8Array): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** A lock that holds, as its text. */
async function goodLock(): Promise<string> {
  await put(here('config/clusters/lab.yaml'), 'the site');
  await put(here('package-lock.json'), '{}');
  const set = { apiVersion: 'cpiab.dev/v1', kind: 'BundleSet', name: 'core', title: 'core' };
  await put(here('bundles/core.yaml'), JSON.stringify({ ...set, images: [], programs: [], apps: [] }));
  return formatLock(tinyLock({ inputs: await lockInputs(here(), site) }));
}

const readText = async (text: string | Uint8Array) => {
  await put(lockPath(here(), 'lab'), text);
  return await readLock(here(), site);
};

describe('a lock', () => {
  test.each([
    ['lines that end as on Windows', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
  ])('is read with %s', async (_, change) => {
    expect((await readText(change(await goodLock()))).lock.site).toBe('lab');
  });

  test.each<[string, string, string, (text: string) => string | Uint8Array]>([
    ['an empty file', 'E1034', '', () => ''],
    ['cut off in the middle', 'E1042', ':\\d+:\\d+', (text) => text.slice(0, text.length / 2)],
    ['cut off at the end', 'E1042', ':\\d+:\\d+', (text) => text.trimEnd().slice(0, -1)],
    ['zeros at its end', 'E1041', ':\\d+:\\d+', (text) => `${text}${'\0'.repeat(100)}`],
    ['marks of a merge', 'E1037', ':3', (text) => text.replace('\n', '\n<<<<<<< HEAD\n').replace(/^/, '\n')],
    ['a comma too many', 'E1041', ':\\d+:\\d+', (text) => text.replace(/\n}\s*$/, ',\n}')],
    ['not UTF-8', 'E1036', ':1:1', () => Buffer.from([0xff, 0xfe, 0x7b])],
    ['nested deeply', 'E1004', '', () => `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['20 MB', 'E1035', '', () => Buffer.alloc(20e6, ' ')],
  ])('is refused when it is or has: %s', async (_, code, place, change) => {
    const refused = await refusal(readText(change(await goodLock())));
    expect(refused.code).toBe(code);
    expect(refused.subject).toMatch(new RegExp(`^${lockPath(here(), 'lab')}${place}$`));
    expect(refused.exit).toBe(2);
  });
});

describe("Docker's file of logins", () => {
  const find = async (content: string) =>
    await findCredentials('ghcr.io', [await put(here('config.json'), content)], signal);
  const login = Buffer.from('alice:secret').toString('base64');

  test('may have a byte order mark', async () => {
    const text = `\uFEFF{"auths": {"ghcr.io": {"auth": "${login}"}}}`;
    expect(await find(text)).toEqual({ user: 'alice', password: 'secret' });
  });

  test.each([
    ['E1034', ''],
    ['E1042', '{"auths": {'],
    ['E1041', "{'auths': {}}"],
    ['E1051', '{"auths": []}'],
    ['E1051', '[]'],
    ['E1053', '{"auths": {"ghcr.io": {"auth": "!!!"}}}'],
    ['E1053', `{"auths": {"ghcr.io": {"auth": "${Buffer.from('no colon').toString('base64')}"}}}`],
    ['E1053', '{"credHelpers": {"ghcr.io": "../../tmp/evil"}}'],
  ])('is refused with %s: %s', async (code, content) => {
    const refused = await refusal(find(content));
    expect(refused.code).toBe(code);
    expect(refused.subject).toContain(here('config.json'));
    // What is said of a login must not show it.
    expect(refused.toText()).not.toMatch(/no colon|bm8g/);
  });
});
