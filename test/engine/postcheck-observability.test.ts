import { writeFile } from 'node:fs/promises';
import { createServer as createPlain, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../../agent/api/server.ts';
import { checkAlert, checkDashboards, checkTargets } from '../../agent/postcheck/observability.ts';
import { until } from '../../agent/until.ts';
import { alertmanager } from '../../contract/alerts.ts';
import { prometheus } from '../../contract/dashboard.ts';
import { freePort } from '../../host/qemu/launch.ts';
import { locate } from '../../host/system-packages.ts';
import { keptDirectory } from '../support/fresh-directory.ts';
import { CheckedSite, folder } from '../support/postcheck/checked-site.ts';
import { expose, ownAddress } from '../support/postcheck/exposed.ts';
import { Programs } from '../support/postcheck/programs.ts';

const DAY = 24 * 3_600_000;
const here = keptDirectory();
const site = new CheckedSite(here);
const programs = new Programs();
const { signal } = new AbortController();

beforeAll(() => site.open(), 1_800_000);
afterAll(async () => {
  await programs.endAll();
  await site.close();
});

describe('what the site does not have', () => {
  test.each([
    ['Prometheus', () => checkTargets(site.look)],
    ['dashboards', () => checkDashboards(site.look)],
    ['Alertmanager', () => checkAlert(site.look)],
  ])('%s does not apply', async (_, check) => {
    expect((await check()).result).toBe('notApplicable');
  });
});

/** Waits for a program that was just started. */
const answers = async (url: string) => {
  const isOk = () =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(isOk, AbortSignal.timeout(60_000));
};

const metrics = await locate('prometheus');
const alerts = await locate('prometheus-alertmanager');
if (metrics === undefined || alerts === undefined)
  process.stderr.write('\nSKIPPED: apt-get install prometheus prometheus-alertmanager\n\n');

describe.skipIf(metrics === undefined || alerts === undefined)('what is observed', () => {
  const panel = (title: string, expr: string, defaults = {}) => ({
    ...{ type: 'stat', title, gridPos: { x: 0, y: 0, w: 12, h: 4 }, targets: [{ expr }] },
    fieldConfig: { defaults },
  });
  const dashboard = async (...panels: object[]) =>
    await site.lookAt({
      [`${folder('shop')}/dashboard.json`]: JSON.stringify({ uid: 'shop', title: 'Shop', panels }),
    });
  /** Prometheus that asks itself, and whoever listens at `port`. */
  const start = async (port: number) => {
    const own = await freePort();
    const targets = [`127.0.0.1:${own}`, `127.0.0.1:${port}`];
    const scrape = [{ job_name: 'shop', scrape_interval: '1s', static_configs: [{ targets }] }];
    await writeFile(here('prometheus.yaml'), JSON.stringify({ scrape_configs: scrape }));
    const flags = [`--config.file=${here('prometheus.yaml')}`, `--storage.tsdb.path=${here('metrics')}`];
    programs.start([metrics ?? '', ...flags, `--web.listen-address=0.0.0.0:${own}`]);
    await expose(site.kube, prometheus, own);
    await answers(`http://${ownAddress()}:${own}/-/ready`);
  };
  let target: Server;
  let port = 0;

  beforeAll(async () => {
    port = await freePort();
    target = createPlain((_, answer) => answer.end('shop_orders 7\n'));
    await listen(target, port, '127.0.0.1', signal);
    await start(port);
  });

  test('passes where every target is up, and every panel has data', async () => {
    expect(await checkTargets(site.look)).toEqual({ result: 'pass', evidence: '2 targets up' });
    const none = panel('Lost', 'shop_orders > 100', { noValue: 'none' });
    const found = await dashboard(panel('Orders', 'shop_orders'), none);
    expect(await checkDashboards(found)).toEqual({ result: 'pass', evidence: 'Shop: 2 panels' });
  });

  test('fails by the name of a panel without data, and of one whose query is wrong', async () => {
    const found = await dashboard(
      panel('Orders', 'shop_orders'),
      panel('Lost', 'gone'),
      panel('Odd', 'sum('),
    );
    expect(await checkDashboards(found, 2000)).toEqual({
      result: 'fail',
      evidence: expect.stringMatching(/^Shop, Lost: no data; Shop, Odd: .*400/),
    });
  });

  test('fails by the name of a target that is down', async () => {
    target.closeAllConnections();
    target.close();
    const isDown = async () => (await checkTargets(site.look, 0)).evidence.startsWith('shop, http');
    await until(isDown, AbortSignal.timeout(60_000));
    expect((await checkTargets(site.look, 0)).evidence).toMatch(`shop, http://127.0.0.1:${port}/metrics: `);
  });

  test('an alert is raised, has a receiver, and ends', async () => {
    const own = await freePort();
    const config = { route: { receiver: 'box' }, receivers: [{ name: 'box' }] };
    await writeFile(here('alertmanager.yaml'), JSON.stringify(config));
    const flags = [`--config.file=${here('alertmanager.yaml')}`, `--storage.path=${here('alerts')}`];
    const at = `--web.listen-address=0.0.0.0:${own}`;
    programs.start([alerts ?? '', ...flags, at, '--cluster.listen-address=']);
    await expose(site.kube, alertmanager, own);
    const held = async () =>
      (await fetch(`http://${ownAddress()}:${own}/api/v2/alerts`)).json() as Promise<unknown[]>;
    await answers(`http://${ownAddress()}:${own}/-/ready`);
    const alert = () => checkAlert(site.look);
    expect(await alert()).toEqual({ result: 'pass', evidence: 'Alertmanager holds it, for box' });
    expect(await held()).toEqual([]);
    const silence = {
      ...{
        matchers: [{ name: 'alertname', value: 'CpiabPostcheck', isRegex: false, isEqual: true }],
        createdBy: 'test',
      },
      ...{
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + DAY).toISOString(),
        comment: 'x',
      },
    };
    const headers = { 'content-type': 'application/json' };
    await fetch(`http://${ownAddress()}:${own}/api/v2/silences`, {
      ...{ method: 'POST', headers, body: JSON.stringify(silence) },
    });
    expect(await alert()).toEqual({ result: 'fail', evidence: 'Alertmanager holds it as suppressed' });
  });
});
