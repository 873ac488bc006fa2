import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../../agent/until.ts';
import { failedChecks, type PostcheckReport, PostcheckReportSchema } from '../../../contract/postcheck.ts';
import { rootCertificatePath } from '../../../contract/route.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { findChromium, openBrowser } from '../../support/console/browser.ts';
import { picture } from '../../support/console/view.ts';
import { kubePrograms } from '../../support/kube-programs.ts';
import { removeTree } from '../../support/remove-tree.ts';
import { bootLab, buildLab, cpiab, type LabBox } from '../support/lab.ts';
import { forwardRoutes } from '../support/routes.ts';
import { cloneSite, pushSite } from '../support/site-git.ts';

const SITE = 'lab-stage1';
/** What platform.md of the design gives it. */
const MEMORY_MB = 6144;
/** Pages of an emulated box. */
const PAGE_MS = 120_000;
const HEALED_MS = 20 * 60_000;

const chromium = await findChromium();
const looked = test.skipIf(chromium === undefined);
let scratch: string;
let medium: string;
let box: LabBox;
const at = (...names: string[]) => join(scratch, ...names);

async function boot(): Promise<void> {
  box = await bootLab(medium, '--memory', String(MEMORY_MB), '--disk', at('data.raw'));
  const address = `${box.report.url}#${box.report.fingerprint}`;
  await cpiab('kubeconfig', '--box', address, '--out', at('kubeconfig'));
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cpiab-stage1-'));
  await kubePrograms(at('bin'));
  medium = join(await buildLab(SITE), `cpiab-${SITE}.iso`);
  await boot();
});
afterAll(async () => {
  await box?.cut();
  await removeTree(scratch);
});

const kubectl = async (...args: string[]): Promise<string> =>
  (await run(['kubectl', `--kubeconfig=${at('kubeconfig')}`, ...args])).stdout;

async function postcheck(): Promise<PostcheckReport> {
  const address = `${box.report.url}#${box.report.fingerprint}`;
  const told = await cpiab('postcheck', '--box', address, '--json').catch((error: unknown) => {
    if (error instanceof ProcessError && error.stdout !== '') return error.stdout;
    throw error;
  });
  const report = PostcheckReportSchema.parse(JSON.parse(told));
  const { total } = (await box.ask.status()).memory ?? { total: 0 };
  process.stderr.write(`post-check of ${report.checks.length}: ${report.tookMs} ms, memory ${total}\n`);
  return report;
}

const withoutTimes = ({ checks }: PostcheckReport) => checks.map((check) => ({ ...check, tookMs: 0 }));

describe('site lab-stage1', () => {
  let first: PostcheckReport;

  test('converges, and every check passes', async () => {
    first = await postcheck();
    expect(failedChecks(first)).toEqual([]);
    const applied = first.checks.filter(({ result }) => result === 'pass').map(({ group }) => group);
    expect(applied).toEqual(expect.arrayContaining(['ingress', 'observability', 'storage', 'apps']));
    // Of use online only, and it runs all the same.
    expect(first.checks.find(({ id }) => id === 'apps/health/qbittorrent')?.result).toBe('pass');
  });

  test('says the same a second time', async () => {
    expect(withoutTimes(await postcheck())).toEqual(withoutTimes(first));
  });

  looked(
    'a person signs in once, comes to the page that was asked for, and sees what Prometheus has collected',
    async () => {
      await writeFile(at('root.crt'), await rootOf(box));
      const routes = await forwardRoutes(at('kubeconfig'), at('root.crt'));
      onTestFinished(() => routes.close());
      expect(await routes.ask('syncthing.box.home.arpa')).toBe(302);
      const password = (
        await kubectl('-n', 'sso', 'exec', 'deploy/sso', '--', 'sso', 'add-user', 'ada')
      ).trim();
      const page = await openPage(`--host-resolver-rules=MAP *.box.home.arpa 127.0.0.1:${routes.port}`);
      await page.goto('https://syncthing.box.home.arpa/');
      await page.getByLabel('User name').fill('ada');
      await page.getByLabel('Password').fill(password);
      await picture(page, 'stage1-login');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL('https://syncthing.box.home.arpa/**');
      // Syncthing has a password of its own.
      await page.getByText('Authentication Required', { exact: true }).waitFor();
      await picture(page, 'stage1-syncthing');
      await page.goto('https://qbittorrent.box.home.arpa/');
      expect(new URL(page.url()).host).toBe('qbittorrent.box.home.arpa');
      await page.goto(`${box.url}/`);
      await page.getByRole('button', { name: 'Cluster', exact: true }).click();
      const panel = page.locator('#dashboardPanels article');
      await panel.first().waitFor();
      expect(await panel.locator('path.trace').count()).toBeGreaterThan(0);
      await page.evaluate("document.getElementById('dashboards').scrollIntoView()");
      await picture(page, 'stage1-dashboard');
    },
  );

  test.each([
    [
      'a Secret in plain text',
      'secret.yaml',
      'apiVersion: v1\nkind: Secret\nmetadata: { name: own, namespace: syncthing }\nstringData: { password: hunter2hunter2 }\n',
    ],
    [
      'an image that the bundle lacks',
      'pod.yaml',
      'apiVersion: v1\nkind: Pod\nmetadata: { name: own, namespace: syncthing }\nspec: { containers: [{ name: main, image: docker.io/library/nginx:1.29.0 }] }\n',
    ],
  ])('%s does not come into its Git', async (name, file, text) => {
    const directory = at(`clone-${file}`);
    const git = await cloneSite(box.url, box.files.ca, directory, SITE);
    const folder = join(directory, 'cluster/kubernetes/apps/syncthing');
    await writeFile(join(folder, file), text);
    await run(['sed', '-i', `s/^resources:/resources:\\n  - ${file}/`, join(folder, 'kustomization.yaml')]);
    await expect(pushSite(git, name)).rejects.toThrow(file);
  });

  test('an expired certificate is replaced within a minute', async () => {
    const cert = () => kubectl('-n', 'syncthing', 'get', 'secret', 'tls', '-o', 'jsonpath={.data.tls\\.crt}');
    const subject = ['-subj', '/CN=old', '-addext', 'subjectAltName=DNS:syncthing.box.home.arpa'];
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', at('old.key'), '-out', at('old.crt')];
    await run(['openssl', 'req', '-x509', ...subject, ...key, '-days', '1']);
    const old = (await run(['base64', '-w0', at('old.crt')])).stdout;
    const patch = JSON.stringify({ data: { 'tls.crt': old } });
    await kubectl('-n', 'syncthing', 'patch', 'secret', 'tls', '--type=merge', '-p', patch);
    await until(async () => (await cert()) !== old, AbortSignal.timeout(60_000));
  });

  test('what is broken is named, each by a check of its own', async () => {
    await breakAll();
    const broken = Object.fromEntries(
      (await postcheck()).checks
        .filter(({ result }) => result === 'fail' || result === 'unknown')
        .map(({ id, evidence }) => [id, evidence]),
    );
    expect(broken).toMatchObject({
      'flux/ready': expect.stringMatching(/syncthing: suspended.*traefik: suspended/),
      'closed-world/pull-errors': expect.stringContaining('Pod/default/wrong'),
      'closed-world/registry': expect.stringContaining('library/nginx'),
      'ingress/redirect': expect.stringContaining('syncthing.box.home.arpa: '),
      'ingress/routes': expect.stringContaining('syncthing.box.home.arpa: '),
      'observability/targets': expect.stringContaining(':9999/metrics'),
      'apps/health/syncthing': expect.stringContaining('does not answer'),
      'apps/health/traefik': 'Deployment traefik is not available: it has no pod',
    });
  });

  test('Flux heals what is in Git, once it may', async () => {
    await kubectl('delete', 'pod', 'wrong', 'dead', '--now');
    for (const name of ['syncthing', 'traefik']) await suspended(name, false);
    const isHealed = async () => {
      const { flux } = await box.ask.status();
      const pods = await kubectl(
        'get',
        'deployments',
        '-A',
        '-o',
        'jsonpath={.items[*].status.unavailableReplicas}',
      );
      return flux.ready === flux.total && pods === '';
    };
    await until(isHealed, AbortSignal.timeout(HEALED_MS));
    const lasting = failedChecks(await postcheck()).map(({ id, evidence }) => [id, evidence]);
    // The log of this boot names the image that was asked for.
    expect(lasting).toEqual([['closed-world/registry', expect.stringContaining('library/nginx')]]);
  });

  test('after a power cut it passes unaided', async () => {
    await box.cut();
    await boot();
    expect(failedChecks(await postcheck())).toEqual([]);
  });
});

const rootOf = async ({ url, files }: LabBox): Promise<string> =>
  (await run(['curl', '--silent', '--fail', '--cacert', files.ca, `${url}${rootCertificatePath}`])).stdout;

/** A browser of its own. Whether the root counts, `curl` has asked. */
async function openPage(...flags: string[]): Promise<Page> {
  const browser = await openBrowser(chromium ?? '', flags);
  onTestFinished(() => browser.close());
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  page.setDefaultTimeout(PAGE_MS);
  return page;
}

const SHELL = 'cpiab.dev/oci/busybox:1.37.0';

async function suspended(name: string, suspend: boolean): Promise<void> {
  const patch = JSON.stringify({ spec: { suspend } });
  // What has `kubectl` for its field manager, the root takes back. Source: Flux, FAQ.
  const manager = '--field-manager=flux-client-side-apply';
  await kubectl('-n', 'flux-system', 'patch', 'kustomization', name, manager, '--type=merge', '-p', patch);
  // What Flux has begun, it ends.
  const reconciling = 'jsonpath={.status.conditions[?(@.type=="Reconciling")].status}';
  const isBusy = async () =>
    (await kubectl('-n', 'flux-system', 'get', 'kustomization', name, '-o', reconciling)) === 'True';
  if (suspend) await until(async () => !(await isBusy()), AbortSignal.timeout(HEALED_MS));
}

async function breakAll(): Promise<void> {
  for (const name of ['syncthing', 'traefik']) await suspended(name, true);
  await kubectl('-n', 'traefik', 'scale', 'deployment/traefik', '--replicas=0');
  // The pod that has it goes first; the next one waits for a claim that is gone.
  await kubectl('-n', 'syncthing', 'delete', 'persistentvolumeclaim', '--all', '--wait=false');
  await kubectl('-n', 'syncthing', 'delete', 'pod', '--all', '--now');
  await kubectl('run', 'wrong', '--image=docker.io/library/nginx:1.29.0', '--restart=Never');
  const annotations = ['scrape=true', 'port=9999'].map((one) => `--annotations=prometheus.io/${one}`);
  const label = '--labels=app.kubernetes.io/name=dead';
  await kubectl('run', 'dead', `--image=${SHELL}`, ...annotations, label, '--', 'sleep', '3600');
  const reason = ['-o', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}'];
  const isRefused = async () => /ImagePull/.test(await kubectl('get', 'pod', 'wrong', ...reason));
  await until(isRefused, AbortSignal.timeout(HEALED_MS));
}
