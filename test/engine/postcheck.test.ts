import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkApiServer, checkCgroup, checkDatastore } from '../../agent/postcheck/engine.ts';
import { FluxProbe } from '../../agent/postcheck/flux-probe.ts';
import type { Look } from '../../agent/postcheck/look.ts';
import { FluxSource, probePlaces } from '../../agent/postcheck/probe.ts';
import { clearAway, clearLeftovers, lookOf } from '../../agent/postcheck/run.ts';
import { makeScratch, scratchNamespace } from '../../agent/postcheck/scratch.ts';
import { checkDecryption } from '../../agent/postcheck/secrets.ts';
import { checkRoom, checkVolume } from '../../agent/postcheck/storage.ts';
import { until } from '../../agent/until.ts';
import { OperatorClient, post } from '../../cli/box/operator.ts';
import { type PostcheckReport, PostcheckReportSchema, postcheckPath } from '../../contract/postcheck.ts';
import { StageGateSchema, stagePath } from '../../contract/stage.ts';
import { makeIdentity } from '../../host/age/keys.ts';
import { run } from '../../host/process.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { operatorOf } from '../support/operator-cli.ts';
import { PostcheckLab } from '../support/postcheck/lab.ts';
import { controllerPod, dnsPod, nodePath, nodeStatus, ran, waiting } from '../support/postcheck/objects.ts';

const here = keptDirectory();
const lab = new PostcheckLab(here);
const never = new AbortController().signal;
let operator: Awaited<ReturnType<typeof operatorOf>>;

beforeAll(async () => {
  await lab.open();
  operator = await operatorOf({ api: lab.box }, here('operator'));
}, 1_800_000);
afterAll(() => lab.close());

/** By the command, as a person has it. */
async function checked(): Promise<{ report: PostcheckReport; status: number | null }> {
  const { stdout, stderr, status } = await operator.ask('postcheck', '--json');
  if (stdout === '') throw new Error(stderr);
  return { report: PostcheckReportSchema.parse(JSON.parse(stdout)), status };
}

/** What is neither passed nor without application. */
const failedOf = ({ checks }: PostcheckReport) =>
  Object.fromEntries(
    checks
      .filter(({ result }) => result === 'fail' || result === 'unknown')
      .map(({ id, result, evidence }) => [id, `${result}: ${evidence}`]),
  );

const withoutTimes = (report: PostcheckReport) => ({
  ...report,
  ...{ time: '', tookMs: 0 },
  checks: report.checks.map((check) => ({ ...check, tookMs: 0 })),
});

const kube = () => lab.kube.client;
const isThere = (path: string) =>
  kube()
    .get(path)
    .then(
      () => true,
      () => false,
    );
const namespace = `/api/v1/namespaces/${scratchNamespace}`;
const sources = '/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/externalartifacts';
const look = (): Promise<Look> => lookOf(lab.box.board, never);

async function expectNothingLeft(): Promise<void> {
  expect(await isThere(namespace)).toBe(false);
  const { items } = await kube().get<{ items: { metadata: { name: string } }[] }>(sources);
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['site']);
  const { stdout } = await run(['git', '--git-dir', lab.git.path, 'rev-list', '--all', '--count']);
  expect(stdout.trim()).toBe('1');
}

describe('a box that is well', () => {
  let first: PostcheckReport;

  test('passes, and nothing that was made for it is left', async () => {
    await until(async () => (await lab.applied()) === 3, AbortSignal.timeout(300_000));
    const { report, status } = await checked();
    expect(failedOf(report)).toEqual({ 'apps/health/tunnel': expect.stringContaining('404') });
    expect([report.verdict, status]).toEqual(['pass', 0]);
    await expectNothingLeft();
    first = report;
  });

  test('says the same a second time, but for times', async () => {
    expect(withoutTimes((await checked()).report)).toEqual(withoutTimes(first));
  });

  test('writes down who asked, and how it came out', async () => {
    const { entries } = await lab.box.audit.read(0);
    const own = entries.filter(({ action }) => action === 'postcheck');
    expect(own.map(({ who, outcome }) => [who.name, outcome])).toEqual([
      ['alice', 'begun'],
      ['alice', 'done'],
      ['alice', 'begun'],
      ['alice', 'done'],
    ]);
    expect(own[1]?.detail).toBe(`pass at ${first.revision}`);
  });

  test('takes away what it made when nobody waits for it any more, and when the agent was ended', async () => {
    const { certificate: cert, key } = lab.box.operator;
    const gone = new AbortController();
    const address = { url: new URL(lab.box.url), fingerprint: lab.box.identity.fingerprint };
    const client = new OperatorClient(address, { cert, key }, gone.signal);
    const asked = (async () => {
      for await (const _ of client.lines(postcheckPath, { method: 'POST' }));
    })();
    await until(() => isThere(namespace), AbortSignal.timeout(60_000));
    gone.abort();
    await expect(asked).rejects.toThrow();
    await until(async () => !(await isThere(namespace)), AbortSignal.timeout(120_000));
    await makeScratch(kube(), never);
    await clearLeftovers(lab.box.board, () => {}, never);
    await expectNothingLeft();
  });
});

describe('stage 1', () => {
  const gate = async () => {
    const { certificate: cert, key } = lab.box.operator;
    const address = { url: new URL(lab.box.url), fingerprint: lab.box.identity.fingerprint };
    const client = new OperatorClient(address, { cert, key }, never);
    return { client, found: await client.ask(stagePath, {}, StageGateSchema) };
  };

  test('is refused to who signs something else, or with another key', async () => {
    const { client, found } = await gate();
    const { statement } = found;
    const signature = Buffer.from('nothing').toString('base64');
    await expect(
      client.ask(stagePath, post({ statement, signature }, 10_000), StageGateSchema),
    ).rejects.toThrow('E5611 stage 1: cannot be completed: the signature is not by the key');
    const other = { ...statement, revision: '0'.repeat(40) };
    await expect(
      client.ask(stagePath, post({ statement: other, signature }, 10_000), StageGateSchema),
    ).rejects.toThrow('the box is not as the statement says');
  });

  test("is complete with a person's signature, which is in the audit log", async () => {
    const to = ['--repository', operator.directory];
    const { stdout, status } = await operator.ask('stage', 'complete', '1', ...to, '--json');
    expect(status).toBe(0);
    const page = await readFile(join(operator.directory, 'STATUS.md'), 'utf8');
    expect(page).toContain('| 1 | Platform and apps | complete: signed by alice');
    const { signature, by, statement } = JSON.parse(stdout);
    expect([by, statement.stage]).toEqual(['alice', 1]);
    const { entries } = await lab.box.audit.read(0);
    const own = entries.filter(({ action }) => action === 'stage');
    expect(own.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'begun', 'done']);
    expect(own[3]?.detail).toContain(signature);
    expect((await gate()).found).toMatchObject({ open: 2, lacking: 'nothing completes stage 2 yet' });
    expect((await operator.ask('stage', 'complete', '1')).stderr).toContain('E5611');
  });
});

describe('what does not apply says why', () => {
  test('volumes, where nothing makes them', async () => {
    const path = '/apis/storage.k8s.io/v1/storageclasses/local-path';
    const patch = (is: string) =>
      kube().merge(path, {
        metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': is } },
      });
    await patch('false');
    expect(await checkVolume(await look())).toMatchObject({ result: 'notApplicable' });
    await patch('true');
  });

  test('decryption, where there is no key and nothing to decrypt', async () => {
    await rm(lab.box.board.paths.ageKey);
    expect(await checkDecryption(await look())).toEqual({
      result: 'notApplicable',
      evidence: 'no app of the site has Secrets, and the box has no key',
    });
  });

  test('a disk without room is named with the claims on it', async () => {
    lab.free = 0;
    const { evidence } = await checkRoom(await look());
    lab.free = 5e9;
    expect(evidence).toBe('the file system of web/data on node cpiab is nearly full: 0 B of 10 GB are free');
  });
});

describe('each thing that is broken is named', () => {
  test('in the cluster, in Git and on the box', async () => {
    await breakEverything();
    const { report, status } = await checked();
    expect([report.verdict, status]).toEqual(['fail', 1]);
    expect(failedOf(report)).toMatchObject(broken);
    const passed = report.checks.filter(({ result }) => result === 'pass').map(({ id }) => id);
    expect(passed).toEqual([
      'engine/api-server',
      'engine/cgroup',
      'engine/datastore',
      'flux/probe',
      'flux/drift',
      'flux/prune',
    ]);
  });

  test('a store and an API server that do not answer', async () => {
    const found = await look();
    lab.kube.signalStore('SIGSTOP');
    try {
      expect(await checkDatastore(found)).toMatchObject({ result: 'fail' });
      expect(await checkApiServer(found)).toMatchObject({
        result: 'fail',
        evidence: expect.stringContaining('etcd'),
      });
    } finally {
      lab.kube.signalStore('SIGCONT');
    }
  });

  test('another cgroup', async () => {
    const { paths } = lab.box.board;
    Object.assign(paths, { cgroups: '/proc' });
    expect(await checkCgroup(await look())).toMatchObject({ result: 'fail' });
  });

  test('a Flux that leaves alone what was changed by hand, and what a commit removes', async () => {
    const { kube: client, board, signal } = await look();
    const places = probePlaces(board.paths, board.site.network.nodeAddress);
    const source = new FluxSource('probe', places, client);
    const scratch = () => makeScratch(client, signal);
    const probe = new FluxProbe({ source, kube: client, scratch, signal }, 20_000);
    expect(await probe.applied()).toMatchObject({ result: 'pass' });
    for (const [name, rule] of [
      ['kept', 'reconcile'],
      ['removed', 'prune'],
    ])
      await client.merge(`${namespace}/configmaps/${name}`, {
        metadata: { annotations: { [`kustomize.toolkit.fluxcd.io/${rule}`]: 'disabled' } },
      });
    expect(await probe.reverted()).toMatchObject({ result: 'fail' });
    expect(await probe.pruned()).toMatchObject({ result: 'fail' });
    await clearAway(board, signal);
  });

  test('a Flux that does not run; what it would have to take away is gone all the same', async () => {
    await lab.stopFlux();
    const { report } = await checked();
    expect(failedOf(report)).toMatchObject({
      'flux/probe': 'fail: not within 60 s: Flux has not looked at it yet',
      'flux/drift': 'unknown: the probe was not applied',
      'flux/prune': 'unknown: the probe was not applied',
    });
    expect(await isThere(namespace)).toBe(false);
  });
});

async function breakEverything(): Promise<void> {
  await kube().patchStatus(nodePath, nodeStatus('v1.35.0', 'False'));
  await kube().patchStatus(dnsPod, waiting('ErrImagePull'));
  await kube().patchStatus(controllerPod, ran.foreign);
  const web = '/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/web';
  await kube().merge(web, { spec: { suspend: true } });
  await lab.programs.dropped(3);
  const miss = { 'http.request.useragent': 'containerd/v2.2.0', 'http.response.status': 404 };
  await lab.programs.registryLog([
    { ...miss, 'http.request.uri': '/v2/docker.io/library/nginx/manifests/1' },
  ]);
  Object.assign(lab.kubelet.outcomes, {
    ...{ dns: 'failed', 'volume-read': 'failed', 'unbundled-image': 'pulled' },
  });
  lab.webStatus = 500;
  // Another key than that which the cluster has.
  await writeFile(lab.box.board.paths.ageKey, `${makeIdentity().secret}\n`, { mode: 0o600 });
  await chmod(join(lab.box.board.paths.tls, 'seal.key'), 0o640);
  await writeFile(join(lab.work, 'note.txt'), `${makeIdentity().secret}\n`);
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  const git = ['git', '-C', lab.work, ...who];
  await run([...git, 'add', '--all']);
  await run([...git, 'commit', '--quiet', '--message', 'a secret']);
  await run(['git', '--git-dir', lab.git.path, 'fetch', '--quiet', lab.work, 'main:main']);
}

const contains = (text: string) => expect.stringContaining(text);
const broken = {
  'engine/nodes': contains('cpiab not Ready: kubelet says so; cpiab runs v1.35.0, expected v1.36.3'),
  'engine/system-pods': contains('Pod/kube-system/coredns'),
  'engine/dns': contains('it said why'),
  'closed-world/images': contains(`sha256:${'f'.repeat(64)}`),
  'closed-world/pull-errors': contains('Pod/kube-system/coredns: container main: ErrImagePull'),
  'closed-world/registry': 'fail: /v2/docker.io/library/nginx/manifests/1',
  'closed-world/egress': 'fail: 3 packets since power-on',
  'closed-world/unbundled-image': 'fail: registry.k8s.io/pause:3.1 was pulled',
  'flux/controllers': contains('kustomize-controller:v1.9.5 runs as'),
  'flux/revision': contains('published is main@sha1:'),
  'flux/ready': contains('flux-system/web: suspended'),
  'secrets/decrypt': contains('Flux did not decrypt it within 60 s: decryption failed'),
  'secrets/history': contains('note.txt in '),
  'secrets/files': contains('seal.key has mode 0640'),
  'storage/volume': contains('lost what a pod wrote: it said why'),
  'storage/room': 'unknown: nothing is known of the disks of cpiab',
  'apps/health/web': contains('/health does not answer'),
};
