import { glob, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { run } from '../../../host/process.ts';
import { locate } from '../../../host/system-packages.ts';

const repository = join(import.meta.dirname, '../../..');
const { signal } = new AbortController();
const text = async (path: string) => await readFile(join(repository, path), 'utf8');

const hasPrometheus = (await locate('promtool')) !== undefined;
const hasAlertmanager = (await locate('amtool')) !== undefined;
if (!hasPrometheus || !hasAlertmanager)
  process.stderr.write(
    '\nSKIPPED: no promtool or amtool here (apt-get install prometheus prometheus-alertmanager)\n\n',
  );

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}

const platform = 'cluster/kubernetes';
const files = (await Array.fromAsync(glob(`${platform}/**/alerts.yaml`, { cwd: repository }))).toSorted();
const rulesOf = async (file: string): Promise<Rule[]> =>
  (parse(await text(file)) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);

describe.each(files.map((file) => [basename(dirname(file)), file] as const))('alerts of %s', (app, file) => {
  test.skipIf(!hasPrometheus)('fire when they should and not before, says promtool', async () => {
    await run(['promtool', 'test', 'rules', join(import.meta.dirname, `${app}.yaml`)], { signal });
  });

  test('each is seen to fire, and to be quiet', async () => {
    const { tests } = parse(await readFile(join(import.meta.dirname, `${app}.yaml`), 'utf8')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
    };
    const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
    for (const { alert } of await rulesOf(file)) {
      const own = cases.filter(({ alertname }) => alertname === alert);
      expect([alert, own.some(({ exp_alerts = [] }) => exp_alerts.length > 0)]).toEqual([alert, true]);
      expect([alert, own.some(({ exp_alerts = [] }) => exp_alerts.length === 0)]).toEqual([alert, true]);
    }
  });

  test('each says how bad it is, and what to do', async () => {
    const page = await text('docs/operate/alerts.md');
    const sections = [...page.matchAll(/^### (?<name>\w+)$/gm)].map(({ groups }) => groups?.['name'] ?? '');
    for (const { alert, labels, annotations } of await rulesOf(file)) {
      expect(['warning', 'critical']).toContain(labels.severity);
      expect(annotations.runbook).toBe(`docs/operate/alerts.md#${alert.toLowerCase()}`);
      expect(sections).toContain(alert);
    }
  });

  test('Prometheus reads them', async () => {
    const { configMapGenerator } = parse(
      await text(`${platform}/platform/prometheus/kustomization.yaml`),
    ) as {
      configMapGenerator: { name: string; files: string[] }[];
    };
    const read = configMapGenerator.find(({ name }) => name === 'rules')?.files ?? [];
    expect(read.some((one) => one.startsWith(`${app}.yaml=`))).toBe(true);
  });
});

test('the page of alerts has no section of one that is not there', async () => {
  const names = (await Promise.all(files.map(rulesOf))).flat().map(({ alert }) => alert);
  const page = await text('docs/operate/alerts.md');
  const sections = [...page.matchAll(/^### (?<name>\w+)$/gm)].map(({ groups }) => groups?.['name']);
  expect(sections.toSorted()).toEqual(names.toSorted());
});

test.skipIf(!hasPrometheus)('Prometheus takes its configuration', async ({ skip }) => {
  const file = join(repository, platform, 'platform/prometheus/prometheus.yaml');
  await run(['promtool', 'check', 'config', '--syntax-only', file], { signal }).catch((error: Error) => {
    // The box has that of Debian 13.
    if (!/kubernetes_sd_configs not found/.test(error.message)) throw error;
    process.stderr.write('\nSKIPPED: promtool of Debian 12 knows no Kubernetes\n\n');
    skip();
  });
});

test.skipIf(!hasAlertmanager)('Alertmanager takes its configuration', async () => {
  const file = join(repository, platform, 'platform/alertmanager/alertmanager.yaml');
  await run(['amtool', 'check-config', file], { signal });
});
