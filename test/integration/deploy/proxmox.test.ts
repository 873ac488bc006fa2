import { createHash } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyProxmox } from '../../../builder/deploy/proxmox/apply.ts';
import { ProxmoxClient } from '../../../builder/deploy/proxmox/client.ts';
import { readDeployedMedium } from '../../../builder/deploy/proxmox/medium.ts';
import { type ProxmoxChoice, planProxmox } from '../../../builder/deploy/proxmox/plan.ts';
import { type ProxmoxPlan, ProxmoxPlanSchema } from '../../../contract/proxmox.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { type ProxmoxServer, proxmoxServer, secret, token } from '../../support/proxmox/server.ts';
import { refusal } from '../../support/refusal.ts';
import { testCertificate } from '../../support/registry/certificate.ts';

const here = freshDirectory();
const CONTENT = 'a medium';
let server: ProxmoxServer;
let iso: string;

beforeEach(async () => {
  server = await proxmoxServer(await testCertificate(here('')));
  iso = here('cpiab-lab.iso');
  await writeFile(iso, CONTENT);
});
afterEach(() => server.close());

function choice(more: Partial<ProxmoxChoice> = {}): ProxmoxChoice {
  return {
    server: server.url,
    fingerprint: server.fingerprint,
    node: 'pve',
    vmid: 120,
    name: 'cpiab',
    mediumStorage: 'local',
    diskStorage: 'local-lvm',
    diskGib: 32,
    cores: 4,
    memoryMib: 8192,
    bridge: 'vmbr0',
    vlan: null,
    ...more,
  };
}

async function planned(more: Partial<ProxmoxChoice> = {}, path = iso): Promise<ProxmoxPlan> {
  return planProxmox(choice(more), await readDeployedMedium(path, new AbortController().signal));
}

function apply(plan: ProxmoxPlan, { path = iso, signal = new AbortController().signal } = {}) {
  const pause = async () => signal.throwIfAborted();
  const { url, fingerprint } = { url: plan.server, fingerprint: plan.fingerprint };
  const client = new ProxmoxClient({ url, fingerprint, token, secret }, pause, signal);
  return applyProxmox(plan, { client, medium: path, progress: () => {}, pause, signal });
}

const changes = () => server.seen.filter((line) => !line.startsWith('GET'));
const upload = 'POST /nodes/pve/storage/local/upload';
const create = 'POST /nodes/pve/qemu';
const start = 'POST /nodes/pve/qemu/120/status/start';

describe('a deployment', () => {
  test('of an ISO uploads it, makes the machine and starts it, by documented calls alone', async () => {
    expect((await apply(await planned())).done).toEqual(['upload', 'create', 'start']);
    expect(changes()).toEqual([upload, create, start]);
    const sha256 = createHash('sha256').update(CONTENT).digest('hex');
    const volume = `local:iso/cpiab-lab-${sha256.slice(0, 16)}.iso`;
    expect(server.node.files).toEqual({ [volume]: { size: CONTENT.length, sha256 } });
    expect(server.node.machines[120]).toMatchObject({
      machine: 'q35',
      bios: 'ovmf',
      efidisk0: 'local-lvm:1,efitype=4m,pre-enrolled-keys=1',
      scsihw: 'virtio-scsi-single',
      net0: 'virtio,bridge=vmbr0',
      serial0: 'socket',
      ide2: `${volume},media=cdrom`,
      boot: 'order=ide2',
    });
    expect(server.node.running.has('120')).toBe(true);
  });

  test('of a disk image imports it and makes its disk larger', async () => {
    const image = here('cpiab-lab.qcow2');
    await writeFile(image, 'an image');
    expect((await apply(await planned({ vlan: 7 }, image), { path: image })).done).toEqual([
      'upload',
      'create',
      'resize',
      'start',
    ]);
    expect(server.node.machines[120]).toMatchObject({
      net0: 'virtio,bridge=vmbr0,tag=7',
      boot: 'order=scsi0',
    });
    expect(server.node.machines[120]?.['scsi0']).toMatch(/,size=32G$/);
    server.seen.length = 0;
    expect((await apply(await planned({ vlan: 7 }, image), { path: image })).done).toEqual([]);
    expect(changes()).toEqual([]);
  });

  test('that is done changes nothing when run again, and starts what was stopped', async () => {
    const plan = await planned();
    await apply(plan);
    server.seen.length = 0;
    expect((await apply(plan)).done).toEqual([]);
    server.node.running.clear();
    expect((await apply(plan)).done).toEqual(['start']);
    expect(changes()).toEqual([start]);
  });

  test('uploads again what is there with another size', async () => {
    const plan = await planned();
    server.node.files[plan.medium.volume] = { size: 3, sha256: '' };
    expect((await apply(plan)).done).toContain('upload');
    delete server.node.machines[120];
    server.node.running.clear();
    expect((await apply(plan)).done).toEqual(['create', 'start']);
  });

  test('waits for a machine that a run before it is still making', async () => {
    const plan = await planned();
    await apply(plan);
    const made = { ...server.node.machines[120] };
    server.node.machines[120] = { lock: 'create' };
    setTimeout(() => {
      server.node.machines[120] = made;
    }, 100);
    expect((await apply(plan)).done).toEqual([]);
  });

  test('has a plan that is the same for the same input, and is made without asking anybody', async () => {
    const plan = await planned();
    expect(ProxmoxPlanSchema.parse(plan)).toEqual(await planned());
    expect((await planned({ cores: 2 })).digest).not.toBe(plan.digest);
    expect((await planned({ diskGib: 33 })).digest).not.toBe(plan.digest);
    expect(server.seen).toEqual([]);
  });

  test('of 1 GiB streams: memory does not grow with the medium', async () => {
    const large = here('large.iso');
    await writeFile(large, '');
    await truncate(large, 2 ** 30);
    const plan = await planned({}, large);
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);
    await apply(plan, { path: large });
    clearInterval(watch);
    process.stderr.write(`${Math.round((most - before) / 2 ** 20)} MiB more than before, both ends\n`);
    expect(most - before).toBeLessThan(2 ** 28);
    expect(server.node.files[plan.medium.volume]).toEqual({ size: 2 ** 30, sha256: plan.medium.sha256 });
  }, 300_000);
});

describe('nothing is changed', () => {
  test('on a server with another certificate; the token is not sent', async () => {
    const plan = await planned({ fingerprint: 'f'.repeat(64) });
    const error = await refusal(apply(plan));
    expect(error.code).toBe('E5201');
    expect(error.message).toContain(server.fingerprint);
    expect([server.seen, [...server.credentials]]).toEqual([[], []]);
  });

  test('of a machine that somebody else made, or that another plan did', async () => {
    server.node.machines[120] = { name: 'mail', memory: '2048' };
    expect((await refusal(apply(await planned()))).code).toBe('E5208');
    delete server.node.machines[120];
    await apply(await planned());
    server.seen.length = 0;
    expect((await refusal(apply(await planned({ cores: 2 })))).code).toBe('E5209');
    expect(changes()).toEqual([]);
  });

  test('of a machine that is locked', async () => {
    const plan = await planned();
    await apply(plan);
    server.node.machines[120] = { ...server.node.machines[120], lock: 'backup' };
    const error = await refusal(apply(plan));
    expect([error.code, error.message]).toEqual(['E5210', 'is locked (backup)']);
  });

  test.each([
    ['7.4-17', {}, 'E5212'],
    ['8.3.5', { qcow2: true }, 'E5212'],
  ] as const)(
    'on version %s of Proxmox VE where it can not do it: %j',
    async (version, { qcow2 = false }: { qcow2?: boolean }, code) => {
      server.node.version = version;
      const image = here('x.qcow2');
      await writeFile(image, 'an image');
      expect((await refusal(apply(await planned({}, qcow2 ? image : iso)))).code).toBe(code);
      expect(changes()).toEqual([]);
    },
  );

  test.each([
    ['is not for ISOs', { content: 'vztmpl', avail: 1e12, active: 1 }, 'E5207'],
    ['is not active', { content: 'iso', avail: 1e12, active: 0 }, 'E5207'],
    ['is full', { content: 'iso', avail: 7, active: 1 }, 'E5206'],
  ])('on a storage that %s', async (_what, storage, code) => {
    server.node.storages['local'] = storage;
    expect((await refusal(apply(await planned()))).code).toBe(code);
    expect(changes()).toEqual([]);
  });

  test('on a storage or a node that is not there', async () => {
    expect((await refusal(apply(await planned({ diskStorage: 'tank' })))).code).toBe('E5207');
    const error = await refusal(apply(await planned({ node: 'other' })));
    expect([error.code, error.message]).toEqual(['E5213', expect.stringContaining('hostname lookup')]);
  });
});

describe('what goes wrong is told with what to do', () => {
  test('the connection is lost in the middle of the upload; the next run completes it', async () => {
    const large = here('large.iso');
    await writeFile(large, '');
    await truncate(large, 64 << 20);
    server.faults.cutUploadAfter = 20 << 20;
    const plan = await planned({}, large);
    const error = await refusal(apply(plan, { path: large }));
    expect([error.code, error.hint]).toEqual([
      'E5202',
      expect.stringContaining('run the same command again'),
    ]);
    expect(server.node.files).toEqual({});
    server.faults = {};
    expect((await apply(plan, { path: large })).done).toEqual(['upload', 'create', 'start']);
  });

  test('Ctrl-C during the upload ends it; the next run completes it', async () => {
    const stop = new AbortController();
    const plan = await planned();
    server.node.taskLooks = 1000;
    setTimeout(() => stop.abort(new Error('Ctrl-C')), 300);
    await expect(apply(plan, { signal: stop.signal })).rejects.toThrow('Ctrl-C');
    server.node.taskLooks = 1;
    expect((await apply(plan)).done).toEqual(['upload', 'create', 'start']);
  });

  test.each([
    ['imgcopy', 'import failed: cp: error writing: No space left on device', 'E5206'],
    ['imgcopy', "checksum mismatch: got '00' != expect '11'", 'E5211'],
    ['qmcreate', 'unable to create VM 120 - lvcreate error', 'E5211'],
    ['qmstart', "can't lock file '/var/lock/qemu-server/lock-120.conf' - got timeout", 'E5211'],
    ['qmstart', 'VM is locked (snapshot)', 'E5210'],
  ])('task %s ends with "%s"', async (type, exit, code) => {
    server.node.taskEnds[type] = exit;
    const plan = await planned();
    expect((await refusal(apply(plan))).code).toBe(code);
    delete server.node.taskEnds[type];
    expect((await apply(plan)).done).toContain('start');
  });

  test('a machine of that number is on another node', async () => {
    server.node.taskEnds['qmcreate'] = "unable to create VM 120 - VM 120 already exists on node 'pve2'";
    expect((await refusal(apply(await planned()))).code).toBe('E5208');
  });

  test.each([
    ['Datastore.AllocateTemplate', '/storage/local'],
    ['Datastore.AllocateSpace', '/storage/local-lvm'],
    ['Datastore.Audit', '/storage/local'],
    ['VM.Allocate', '/vms/120'],
    ['VM.Config.HWType', '/vms/120'],
    ['VM.Audit', '/vms/120'],
    ['VM.PowerMgmt', '/vms/120'],
    ['SDN.Use', '/sdn/zones/localnetwork/vmbr0'],
  ])('the token lacks %s', async (privilege, path) => {
    server.faults.lacks = [privilege];
    const error = await refusal(apply(await planned()));
    expect([error.code, error.message]).toEqual(['E5204', `the token lacks ${privilege} on ${path}`]);
  });

  test('the token is refused, and a parameter', async () => {
    server.faults.refuseToken = true;
    expect((await refusal(apply(await planned()))).code).toBe('E5203');
    server.faults.refuseToken = false;
    const error = await refusal(apply(await planned({ bridge: '0' })));
    expect([error.code, error.message]).toEqual(['E5205', expect.stringMatching(/^does not accept net0: /)]);
  });

  test('nobody listens', async () => {
    const plan = await planned({ server: 'https://127.0.0.1:1' });
    expect((await refusal(apply(plan))).code).toBe('E5202');
  });
});
