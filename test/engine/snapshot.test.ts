import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type EtcdAccess, etcdAccess, etcdctl } from '../../agent/engine/kubeadm/etcd/access.ts';
import { isEtcdRunning, unpackSnapshot } from '../../agent/engine/kubeadm/etcd/restore.ts';
import { saveSnapshot } from '../../agent/engine/kubeadm/etcd/snapshot.ts';
import { completeRestore, restoreState } from '../../agent/engine/kubeadm/state.ts';
import { until } from '../../agent/until.ts';
import { run } from '../../host/process.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { kubePrograms } from '../support/kube-programs.ts';
import { refusal } from '../support/refusal.ts';

const path = keptDirectory();
const never = new AbortController().signal;
const client = 'https://127.0.0.1:23790';
const member = { name: 'box', peer: 'https://127.0.0.1:23800' };
let access: EtcdAccess;
let dataDir: string;
let etcd: ChildProcess | undefined;
let round = 0;

/** kubeadm's own certificates, and etcd with the flags of its static pod. */
async function start(): Promise<void> {
  const pki = (name: string) => path('kubernetes', 'pki', 'etcd', name);
  const tls = (kind: string, name: string) => [
    `--${kind}cert-file`,
    pki(`${name}.crt`),
    `--${kind}key-file`,
    pki(`${name}.key`),
  ];
  const argv = [
    ...['--name', member.name, '--data-dir', dataDir],
    ...['--advertise-client-urls', client, '--listen-client-urls', client],
    ...['--initial-advertise-peer-urls', member.peer, '--listen-peer-urls', member.peer],
    ...['--initial-cluster', `${member.name}=${member.peer}`],
    ...[...tls('', 'server'), '--trusted-ca-file', pki('ca.crt'), '--client-cert-auth=true'],
    ...[...tls('peer-', 'peer'), '--peer-trusted-ca-file', pki('ca.crt'), '--peer-client-cert-auth=true'],
  ];
  etcd = spawn('etcd', argv, { stdio: 'ignore' });
  await until(
    () =>
      etcdctl(access, ['endpoint', 'health'], never).then(
        () => true,
        () => false,
      ),
    AbortSignal.timeout(30_000),
  );
}

const controlPlane = {
  stop: async () => {
    etcd?.kill('SIGTERM');
  },
  start,
};

const put = (key: string, value: string) => etcdctl(access, ['put', key, value], never);
const get = async (key: string) =>
  (await etcdctl(access, ['get', key, '--print-value-only'], never)).stdout.trim();

beforeAll(async () => {
  await kubePrograms(path('bin'));
  await mkdir(path('kubernetes'));
  const config = [
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: '10.44.0.1' },
      nodeRegistration: { name: member.name },
    },
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'ClusterConfiguration',
      kubernetesVersion: 'v1.36.3',
      encryptionAlgorithm: 'ECDSA-P256',
      certificatesDir: path('kubernetes', 'pki'),
    },
  ];
  await writeFile(
    path('kubeadm.yaml'),
    config.map((document) => `---\n${JSON.stringify(document)}\n`).join(''),
  );
  for (const name of ['etcd-ca', 'etcd-server', 'etcd-peer', 'apiserver-etcd-client'])
    await run(['kubeadm', 'init', 'phase', 'certs', name, '--config', path('kubeadm.yaml')]);
  access = etcdAccess([client], path('kubernetes'));
});

afterEach(async () => {
  if (etcd?.exitCode === null && etcd.signalCode === null) {
    etcd.kill('SIGKILL');
    await once(etcd, 'exit');
  }
});

/** A store of its own for each test, with one key. */
async function fresh(): Promise<void> {
  round += 1;
  dataDir = path(`etcd-${round}`);
  await mkdir(dataDir, { mode: 0o700 });
  await start();
  await put('/registry/secrets/a', 'before');
}

describe('a snapshot', () => {
  test('brings back what was, and takes away what came after it; clients see the revision only rise', async () => {
    await fresh();
    const saved = await saveSnapshot(access, path('one.db'), never);
    expect((await stat(path('one.db'))).mode & 0o777).toBe(0o600);
    expect(saved.keys).toBeGreaterThan(0);
    await put('/registry/secrets/a', 'after');
    await put('/registry/secrets/b', 'new');
    await restoreState(path('one.db'), dataDir, member, controlPlane, never);
    expect([await get('/registry/secrets/a'), await get('/registry/secrets/b')]).toEqual(['before', '']);
    const { stdout } = await etcdctl(access, ['get', '/x', '--write-out', 'json'], never);
    expect(JSON.parse(stdout).header.revision).toBeGreaterThan(1_000_000_000);
    expect((await readdir(dataDir)).toSorted()).toEqual(['member']);
  });

  test('takes the place of an earlier one that was not put in place, and of what a cut left', async () => {
    await fresh();
    await saveSnapshot(access, path('two.db'), never);
    for (const left of ['restored.new', 'restored.old']) {
      await mkdir(`${dataDir}/${left}/member`, { recursive: true });
    }
    await unpackSnapshot(path('two.db'), dataDir, member, never);
    await unpackSnapshot(path('two.db'), dataDir, member, never);
    expect((await readdir(dataDir)).toSorted()).toEqual(['member', 'restored']);
  });

  test('is refused when a byte of it differs, is missing or too many, while etcd goes on', async () => {
    await fresh();
    await saveSnapshot(access, path('good.db'), never);
    const damage: Record<string, (file: string) => Promise<void>> = {
      cut: (file) => truncate(file, 5000),
      longer: (file) => appendFile(file, 'x'),
      changed: async (file) => {
        const bytes = await readFile(file);
        bytes.writeUInt8(bytes.readUInt8(9000) ^ 1, 9000);
        await writeFile(file, bytes);
      },
      empty: (file) => truncate(file, 0),
    };
    for (const [how, spoil] of Object.entries(damage)) {
      await copyFile(path('good.db'), path(how));
      await spoil(path(how));
      const refused = await refusal(restoreState(path(how), dataDir, member, controlPlane, never));
      expect([how, refused.code]).toEqual([how, 'E5111']);
      expect(await get('/registry/secrets/a')).toBe('before');
      expect((await readdir(dataDir)).toSorted()).toEqual(['member']);
    }
  });

  test('is not taken from an etcd that does not answer, and leaves no file', async () => {
    const dead = etcdAccess(['https://127.0.0.1:23791'], path('kubernetes'));
    const refused = await refusal(saveSnapshot(dead, path('none.db'), never));
    expect(refused.code).toBe('E5110');
    expect((await readdir(path())).filter((name) => name.startsWith('none.db'))).toEqual([]);
  });
});

describe('a restore that was cut off', () => {
  test.each([
    'before etcd stopped',
    'when the old state was out of the way',
    'when the new one was in place',
  ])('%s is finished by the next start', async (when) => {
    await fresh();
    await saveSnapshot(access, path('cut.db'), never);
    await put('/registry/secrets/a', 'after');
    await unpackSnapshot(path('cut.db'), dataDir, member, never);
    expect(await isEtcdRunning(dataDir, never)).toBe(true);
    if (when !== 'before etcd stopped') {
      await controlPlane.stop();
      await until(async () => !(await isEtcdRunning(dataDir, never)), AbortSignal.timeout(30_000));
      await rename(`${dataDir}/member`, `${dataDir}/replaced`);
    }
    if (when === 'when the new one was in place')
      await rename(`${dataDir}/restored/member`, `${dataDir}/member`);
    await completeRestore(dataDir, controlPlane, never);
    expect(existsSync(`${dataDir}/replaced`)).toBe(false);
    await start();
    expect(await get('/registry/secrets/a')).toBe('before');
  });
});

test('a control plane that does not stop is told, and its state stays', async () => {
  await fresh();
  await saveSnapshot(access, path('held.db'), never);
  await unpackSnapshot(path('held.db'), dataDir, member, never);
  const refused = await refusal(completeRestore(dataDir, { stop: async () => {} }, never, 500));
  expect(refused.code).toBe('E5112');
  expect(await get('/registry/secrets/a')).toBe('before');
});
