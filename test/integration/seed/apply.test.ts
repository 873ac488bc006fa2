import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { applySeed } from '../../../agent/seed/apply.ts';
import { settleName } from '../../../agent/seed/name.ts';
import { seedResult } from '../../../agent/seed/result.ts';
import { parseBoxSite } from '../../../contract/site.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const path = freshDirectory();
const site = parseBoxSite({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'harbour',
  engine: { version: 'v1.36.3' },
});
const paths = () => ({
  seedFound: path('found'),
  seedResult: path('result.json'),
  seed: path('state', 'seed.yaml'),
  hostname: path('state', 'hostname'),
  initialised: path('state', 'engine-initialised'),
  stateKind: path('data'),
  node: path('state', 'node'),
});
const machine = () => ({ network: path('network'), hostname: path('kernel'), hosts: path('hosts') });
const head = 'apiVersion: cpiab.dev/v1\nkind: Seed\n';
const fixed = (hostname: string, address: string) =>
  `${head}hostname: ${hostname}\nnetwork: { interface: { name: en* }, addresses: [${address}/24] }\n`;

beforeEach(async () => {
  await mkdir(path('state'));
  await writeFile(path('data'), 'disk\n');
  await writeFile(path('hosts'), '127.0.0.1 localhost\n10.44.0.1 cpiab\n');
});

/** One start of a box with what `find-seed` has found. */
async function start(found: string | null) {
  await mkdir(path('found'), { recursive: true });
  await writeFile(path('found', 'origin'), found === null ? '' : 'volume sdb\n');
  if (found !== null) await writeFile(path('found', 'seed.yaml'), found);
  await mkdir(path('network'), { recursive: true });
  for (const name of await readdir(path('network'))) await writeFile(path('network', name), '');
  const result = await applySeed(paths(), site, machine());
  expect(await seedResult(path('result.json'))).toEqual(result);
  const network = await readFile(path('network', '15-seed.network'), 'utf8').catch(() => '');
  return {
    ...result,
    name: await readFile(path('kernel'), 'utf8'),
    address: /^Address=(.*)$/m.exec(network)?.[1] ?? null,
  };
}

describe('a box with a seed', () => {
  test('keeps a copy that never has the passphrase of the disk it lies on', async () => {
    await start(`${fixed('rack-7', '192.0.2.7')}disk: { passphrase: correct horse battery }\n`);
    expect(await readFile(path('state', 'seed.yaml'), 'utf8')).toBe(fixed('rack-7', '192.0.2.7'));
    expect((await start(null)).name).toBe('rack-7');
  });

  test('has its name and address, and its name stands in /etc/hosts', async () => {
    expect(await start(fixed('rack-7', '192.0.2.7'))).toEqual({
      status: { origin: 'volume sdb', kept: false, hostname: 'rack-7' },
      install: null,
      node: null,
      card: { name: 'en*' },
      problem: null,
      name: 'rack-7',
      address: '192.0.2.7/24',
    });
    expect(await readFile(path('hosts'), 'utf8')).toBe('127.0.0.1 localhost\n10.44.0.1 rack-7\n');
  });

  test('keeps it on its disk for when the volume is gone, until another one says otherwise', async () => {
    await start(fixed('rack-7', '192.0.2.7'));
    expect(await start(null)).toMatchObject({
      status: { kept: true, hostname: 'rack-7' },
      address: '192.0.2.7/24',
    });
    await start(fixed('rack-7', '192.0.2.8'));
    expect(await start(null)).toMatchObject({ address: '192.0.2.8/24' });
    await start(head);
    expect(await start(null)).toMatchObject({ name: 'cpiab', address: null });
  });

  test('that runs from memory keeps nothing', async () => {
    await writeFile(path('data'), 'memory\n');
    await start(fixed('rack-7', '192.0.2.7'));
    expect(await readdir(path('state'))).toEqual([]);
  });

  test('starts with what it had, or with nothing, when the seed has a mistake, and says which', async () => {
    const bad = `${head}hostname: rack-8\nnetwrk: {}\n`;
    expect(await start(bad)).toMatchObject({
      status: null,
      name: 'cpiab',
      problem: {
        problem: expect.stringContaining('seed.yaml (volume sdb):4:1 netwrk: '),
        nextAction: expect.stringContaining('network'),
        code: 'CPIAB-E1001',
      },
    });
    await start(fixed('rack-7', '192.0.2.7'));
    expect(await start(bad)).toMatchObject({ name: 'rack-7', problem: { code: 'CPIAB-E1001' } });
    expect(await start('\u0000')).toMatchObject({ name: 'rack-7', problem: { code: /CPIAB-E10/ } });
  });

  test('tells of volumes that it could not read or choose from', async () => {
    await start(null);
    await writeFile(path('found', 'origin'), 'volume sdb\n');
    await writeFile(path('found', 'unreadable'), 'it has no file seed.yaml\n');
    expect((await applySeed(paths(), site, machine())).problem).toMatchObject({
      code: 'CPIAB-E1311',
      problem: 'the seed is not used: volume sdb: the volume cannot be read: it has no file seed.yaml',
    });
    await writeFile(path('found', 'several'), 'sdb sdc\n');
    expect((await applySeed(paths(), site, machine())).problem).toMatchObject({ code: 'CPIAB-E1310' });
  });

  test('does not stand in its own networks', async () => {
    expect(await start(fixed('rack-7', '10.42.3.1'))).toMatchObject({
      status: null,
      problem: { problem: expect.stringContaining("outside of the box's own 10.42.0.0/16") },
    });
  });

  test('of too many bytes is not read', async () => {
    expect(await start(`${head}# ${'x'.repeat(70_000)}`)).toMatchObject({ problem: { code: 'CPIAB-E1035' } });
  });
});

describe('a machine that joins a box', () => {
  const invitation = `cpiab1.10.0.0.7:7443.${'ab'.repeat(32)}.${'c'.repeat(16)}.${'d'.repeat(43)}`;
  const joins = `${head}hostname: worker-1\nrole: node\ninvitation: ${invitation}\n`;

  test("is told so, and has not the box's fixed address", async () => {
    expect(await start(joins)).toMatchObject({
      name: 'worker-1',
      node: { name: 'worker-1', role: 'agent', invitation },
    });
    const further = joins.replace('role: node', 'role: control-plane');
    expect(await start(further)).toMatchObject({ node: { role: 'control-plane' } });
    const file = await readFile(path('network', '05-node-cpiab0.network'), 'utf8');
    expect(file).toMatch(/^Name=cpiab0$/m);
    expect(file).not.toContain('Address=');
    expect((await stat(path('result.json'))).mode & 0o777).toBe(0o600);
  });

  test('stays one: what is a box becomes no node, and the other way round', async () => {
    await start(joins);
    await settleName(paths(), 'worker-1');
    await writeFile(path('state', 'engine-initialised'), '');
    expect(await start(joins)).toMatchObject({ problem: { code: 'CPIAB-E1314' } });
    await mkdir(path('state', 'node'));
    expect(await start(joins)).toMatchObject({ problem: null, node: { name: 'worker-1' } });
    expect(await start(`${head}hostname: worker-1\n`)).toMatchObject({
      problem: { code: 'CPIAB-E1314', problem: expect.stringContaining('that of a node') },
    });
    expect(await start(joins.replace('role: node', 'role: control-plane'))).toMatchObject({
      problem: { code: 'CPIAB-E1314' },
    });
  });
});

describe("a cluster's name", () => {
  test('stays: a seed with another one is not used', async () => {
    await start(fixed('rack-7', '192.0.2.7'));
    expect(await settleName(paths(), 'rack-7')).toBe(true);
    await writeFile(path('state', 'engine-initialised'), '');
    expect(await start(fixed('rack-8', '192.0.2.8'))).toMatchObject({
      name: 'rack-7',
      address: '192.0.2.7/24',
      problem: { code: 'CPIAB-E1312', nextAction: 'write `hostname: rack-7`, or install the box anew' },
    });
    expect(await start(fixed('rack-7', '192.0.2.9'))).toMatchObject({
      problem: null,
      address: '192.0.2.9/24',
    });
  });

  test('that is the usual one leaves nothing for the next start to do', async () => {
    await start(fixed('rack-7', '192.0.2.7'));
    await settleName(paths(), 'rack-7');
    expect(await readdir(path('state'))).toEqual(['hostname', 'seed.yaml']);
    await settleName(paths(), 'cpiab');
    expect(await readdir(path('state'))).toEqual(['seed.yaml']);
  });

  test('comes with a restored cluster, also where the seed has another', async () => {
    await start(fixed('rack-9', '192.0.2.7'));
    expect(await settleName(paths(), 'rack-9')).toBe(true);
    await writeFile(path('state', 'engine-initialised'), '');
    await writeFile(path('state', 'hostname'), 'rack-7\n');
    expect(await settleName(paths(), 'rack-9')).toBe(false);
    expect(await start(null)).toMatchObject({ name: 'rack-7', address: '192.0.2.7/24' });
  });
});
