import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assessCommand } from '../../../cli/commands/assess.ts';
import { type Assessment, AssessmentSchema, MachineFactsSchema } from '../../../contract/assess.ts';
import { run } from '../../../host/process.ts';
import { factsScript } from '../../../policy/fit/facts.ts';
import { findChromium, openBrowser } from '../../support/console/browser.ts';
import { idleContext } from '../../support/context.ts';
import { removeTree } from '../../support/remove-tree.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const chromium = await findChromium();
let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-assess-'));
});
afterAll(() => removeTree(directory));

/** What the command prints, and the status it ends with. */
async function assess(...args: string[]): Promise<{ assessment: Assessment; text: string; status: number }> {
  let printed: { assessment: Assessment; text: string } | undefined;
  let status = 0;
  const context = {
    ...idleContext(repository),
    print: (document: unknown, text: string) => {
      printed = { assessment: AssessmentSchema.parse(document), text };
    },
    exitWith: (wanted: number) => {
      status = wanted;
    },
  };
  await assessCommand(context).parseAsync(args, { from: 'user' });
  if (printed === undefined) throw new Error('nothing was printed');
  return { ...printed, status };
}

/** What the script says of this machine, changed to be one that can take a box. */
async function machine(name: string, changed: object = {}): Promise<string> {
  const { stdout } = await run(['sh', factsScript, directory]);
  const path = join(directory, `${name}.json`);
  const room = { cpus: 8, memoryFreeBytes: 16e9, diskFreeBytes: 200e9, architecture: 'x86_64' };
  const network = { addresses: ['192.168.1.41/24'], networks: ['192.168.1.0/24'] };
  await writeFile(path, JSON.stringify({ ...JSON.parse(stdout), name, ...room, ...network, ...changed }));
  return path;
}

const time = '2026-11-22T04:20:51Z';
const host = (address: string, name: string, service: string, port: number) => ({
  ...{ id: `address:${address}`, mac: null, link: 'eth0', addresses: [address], names: [name] },
  services: [{ name: service, protocol: 'tcp', port, source: 'probe', confidence: 'recognised', detail: '' }],
  ...{ evidence: ['arp'], state: 'seen', firstSeen: time, lastSeen: time },
});

async function inventory(): Promise<string> {
  const path = join(directory, 'inventory.json');
  const document = {
    ...{
      apiVersion: 'cpiab.dev/v1',
      kind: 'Inventory',
      mode: 'active',
      looked: time,
      dropped: 0,
      problem: null,
    },
    links: [{ name: 'eth0', mac: '02:00:00:00:00:01', networks: ['192.168.1.0/24'], note: null }],
    hosts: [host('192.168.1.1', 'router', 'dns', 53), host('192.168.1.20', '<nas>', 'nfs', 2049)],
    ...{ proposals: [], events: [] },
  };
  await writeFile(path, JSON.stringify(document));
  return path;
}

test('the script tells what this machine has', async () => {
  const { stdout } = await run(['sh', factsScript, directory]);
  const facts = MachineFactsSchema.parse(JSON.parse(stdout));
  const { stdout: name } = await run(['uname', '-n']);
  expect(facts).toMatchObject({ name: name.trim(), kernelHas: expect.arrayContaining(['overlay']) });
  expect(facts.memoryFreeBytes).toBeLessThan(facts.memoryBytes);
  expect(facts.diskFreeBytes).toBeGreaterThan(1e6);
});

test('a site without any facts of the place does not fit: status 1, and it says what nobody has measured', async () => {
  const { assessment, text, status } = await assess('lab');
  expect(status).toBe(1);
  expect(assessment.verdict).toBe('does-not-fit');
  expect(text).toMatch(/^site lab does not fit: \d needed and not measured/);
});

test('lab fits on one machine, and what it asks for is what its manifests and kubeadm say', async () => {
  const { assessment, status } = await assess(
    'lab',
    '--inventory',
    await inventory(),
    '--machine',
    await machine('one'),
  );
  expect([assessment.verdict, status]).toEqual(['fits', 0]);
  const [one] = assessment.machines;
  expect(one?.runs.map(({ workload }) => workload).toSorted()).toEqual([
    'flux-system/kustomize-controller',
    ...['coredns', 'etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
      (name) => `kube-system/${name}`,
    ),
    'storage/local-path-provisioner',
    'syncthing/syncthing',
  ]);
  const syncthing = one?.runs.find(({ workload }) => workload === 'syncthing/syncthing');
  const claim = await readFile(join(repository, 'cluster/kubernetes/apps/syncthing/volume.yaml'), 'utf8');
  expect(syncthing?.diskBytes).toBe(Number(/storage: (\d+)Gi/.exec(claim)?.[1]) * 2 ** 30);
});

test('volumes of the NAS ask for no disk, and the NAS must be there', async () => {
  const one = await machine('one');
  const there = await assess('homelab', '--inventory', await inventory(), '--machine', one);
  expect(there.assessment.checks.find(({ id }) => id === 'services/nfs/192.168.1.20:2049')?.result).toBe(
    'pass',
  );
  const disks = there.assessment.machines.flatMap(({ runs }) => runs.map(({ diskBytes }) => diskBytes));
  expect(Math.max(...disks)).toBeLessThan(2 ** 40);
  const nobody = await assess('homelab', '--machine', one);
  expect(nobody.assessment.checks.find(({ id }) => id === 'services/nfs/192.168.1.20:2049')?.result).toBe(
    'unknown',
  );
  expect(nobody.status).toBe(1);
});

test('a site without a box is told', async () => {
  const two = await mkdtemp(join(directory, 'site-'));
  await run(['git', 'init', '--quiet', two]);
  await run(['mkdir', '-p', join(two, 'config/clusters'), join(two, 'bundles')]);
  const site = 'apiVersion: cpiab.dev/v1\nkind: Site\nname: carried\nbundles: [core]\n';
  await writeFile(join(two, 'config/clusters/carried.yaml'), site);
  await run(['cp', '-r', join(repository, 'bundles'), two]);
  const asked = assessCommand(idleContext(two)).parseAsync(['carried'], { from: 'user' });
  await expect(asked).rejects.toMatchObject({ code: 'E1075', subject: 'carried' });
});

test.skipIf(chromium === undefined)(
  'the page asks for nothing, has no script, shows names as text, and can be read in both schemes',
  async () => {
    const html = join(directory, 'fit.html');
    const machines = [
      '--machine',
      await machine('one'),
      '--machine',
      await machine('two', { runtimes: ['dockerd 27'] }),
    ];
    const { assessment } = await assess(
      'homelab',
      '--inventory',
      await inventory(),
      ...machines,
      '--html',
      html,
    );
    const browser = await openBrowser(chromium ?? '');
    try {
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await browser.newPage({ colorScheme });
        const asked: string[] = [];
        page.on('request', (request) => asked.push(request.url()));
        await page.goto(`file://${html}`);
        expect(asked).toEqual([`file://${html}`]);
        expect(await page.locator('script').count()).toBe(0);
        expect(await page.locator('td', { hasText: '<nas>' }).count()).toBe(1);
        expect(await page.locator('tr:has(.mark)').count()).toBe(assessment.checks.length);
        expect(await page.locator('svg text.bad').allTextContents()).toEqual(['nothing can run here']);
        const wide = await page.evaluate('document.documentElement.scrollWidth <= innerWidth');
        expect(wide).toBe(true);
        const outside =
          await page.evaluate(`[...document.querySelectorAll('svg text.label')].filter((text) => {
          const [own, chip] = [text.getBoundingClientRect(), text.previousElementSibling.getBoundingClientRect()];
          return own.left < chip.left || own.right > chip.right;
        }).length`);
        expect(outside).toBe(0);
      }
    } finally {
      await browser.close();
    }
  },
);
