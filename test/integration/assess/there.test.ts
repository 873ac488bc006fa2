import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfOf } from '../../../agent/discover/discover.ts';
import { Discovery } from '../../../agent/discover/discovery.ts';
import { NodeStore } from '../../../agent/join/store.ts';
import { encodePublicKey, generateSiteKey } from '../../../builder/bundle/minisign.ts';
import type { Assessment } from '../../../contract/assess.ts';
import { formatBytes } from '../../../contract/units.ts';
import { makeIdentity } from '../../../host/age/keys.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { factsScript } from '../../../policy/fit/facts.ts';
import type { TestApi } from '../../support/api.ts';
import { cpiab, refusalOf, startBox, stateOf } from '../../support/backup/box.ts';
import { fillVolume } from '../../support/backup/trees.ts';
import { giveSiteKey, readManifest } from '../../support/cargo/seal.ts';
import { EnrollBox } from '../../support/enroll/box.ts';

const main = join(import.meta.dirname, '../../../cli/main.ts');
let directory = '';
const here = (name: string) => join(directory, name);
let there: TestApi;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-assess-'));
  there = await startBox('there');
});
afterAll(() => there.close());

/** What a user reads: the command may end with 1. */
async function assessed(...args: string[]): Promise<string> {
  const env = { HOME: there.directory, XDG_CONFIG_HOME: '' };
  const { stdout } = await run([process.execPath, main, 'assess', ...args], { env }).catch(
    (error: unknown) => {
      if (error instanceof ProcessError && error.status === 1) return error;
      throw error;
    },
  );
  return stdout;
}

const documentOf = async (...args: string[]) => JSON.parse(await assessed(...args, '--json')) as Assessment;

test('a box that runs there tells its memory, what it sees, its Kubernetes, and the machines that have enrolled', async () => {
  const discovery = await Discovery.open({
    ...{ policy: there.board.site.discover, self: selfOf(there.board), directory: here('inventory') },
    ...{ wall: Date.now, complain: () => {} },
  });
  there.board.put('discovery', discovery);
  there.report.observe({ memory: { used: 2 * 2 ** 30, total: 16 * 2 ** 30 } });
  await new EnrollBox(there).member('rack2', new NodeStore(here('node')));
  const box = ['--box', `${there.url}#${there.identity.fingerprint}`];
  const { machines } = await documentOf('lab', ...box);
  expect(
    machines.map(({ name, role, memoryBytes, cpuMillis }) => [name, role, memoryBytes, cpuMillis]),
  ).toEqual([
    ['there', 'box', 16 * 2 ** 30, null],
    ['rack2', 'node', 8 * 2 ** 30, 4000],
  ]);
  expect(await assessed('lab', ...box)).toMatch(/^site lab does not fit: .*\n\nmachine +pods/);
});

describe('a cargo', () => {
  const { recipient } = makeIdentity();
  const facts = async () => {
    const { stdout } = await run(['sh', factsScript, directory]);
    const room = { cpus: 8, memoryFreeBytes: 16e9, diskFreeBytes: 200e9, architecture: 'x86_64' };
    await writeFile(here('rack1.json'), JSON.stringify({ ...JSON.parse(stdout), name: 'rack1', ...room }));
    return ['--machine', here('rack1.json')];
  };

  test('needs room for three times what it unpacks to, once its signature has verified', async () => {
    await fillVolume(join(stateOf(there), 'volumes/pvc-1_syncthing_data'));
    const { path } = await giveSiteKey(there);
    const receiver = `b2000000#${'b'.repeat(64)}`;
    await cpiab(there, 'cargo', 'seal', here('cargo'), '--receiver', receiver, '--recipient', recipient);
    const cargo = ['--cargo', here('cargo'), '--key', path];
    const fit = await documentOf(...cargo, ...(await facts()));
    expect(fit.subject).toBe('a cargo of site lab');
    const { size } = (await readManifest(here('cargo'))).archive;
    expect(fit.checks.find(({ what }) => what === 'disk')?.needed).toMatch(
      new RegExp(`, ${formatBytes(3 * size)} of it the cargo`),
    );
    expect(await assessed(...cargo, ...(await facts()))).toMatch(/^a cargo of site lab fits/);
    await writeFile(here('other.pub'), encodePublicKey(generateSiteKey()));
    const refused = refusalOf(cpiab(there, 'assess', '--cargo', here('cargo'), '--key', here('other.pub')));
    expect((await refused).code).toBe('CPIAB-E2102');
  });
});
