import { z } from 'zod';
import { alertmanager } from '../../contract/alerts.ts';
import { type DashboardData, prometheus } from '../../contract/dashboard.ts';
import { evaluate } from '../dashboards/evaluate.ts';
import { findDashboards } from '../dashboards/find.ts';
import { listKustomizations } from '../observe/kustomizations.ts';
import type { Look } from './look.ts';
import { counted, fail, notApplicable, type Outcome, pass, passUnless } from './outcome.ts';
import { patient } from './patient.ts';
import { isThere, proxied, settled } from './service.ts';

/** Prometheus collects each half minute, and a rate needs two samples. */
const COLLECTED_MS = patient(150_000);
/** A target that was down is asked twice more. */
const ASKED_MS = patient(75_000);

/** Source: Prometheus, HTTP API, targets. */
const TargetsSchema = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({
        health: z.enum(['up', 'down', 'unknown']),
        scrapePool: z.string(),
        scrapeUrl: z.string(),
        lastError: z.string(),
      }),
    ),
  }),
});

/** One that had not started when it was asked is asked again. */
export async function checkTargets(look: Look, patienceMs = ASKED_MS): Promise<Outcome> {
  if (!(await isThere(prometheus, look))) return notApplicable('the site has no Prometheus');
  const path = proxied(prometheus, '/api/v1/targets?state=active');
  const all = await settled(
    async () => TargetsSchema.parse(await look.kube.get(path, look.signal)).data.activeTargets,
    (targets) => targets.length > 0 && targets.every(({ health }) => health === 'up'),
    patienceMs,
    look.signal,
  );
  if (all.length === 0) return fail('Prometheus has no target');
  const wrong = all
    .filter(({ health }) => health !== 'up')
    .map(
      ({ scrapePool, scrapeUrl, lastError }) =>
        `${scrapePool}, ${scrapeUrl}: ${lastError || 'not asked yet'}`,
    );
  return passUnless(wrong, `${counted(all.length, 'target')} up`);
}

type Drawn = DashboardData['panels'][number];
const isEmpty = ({ problem, series, noValue }: Drawn) =>
  problem !== '' ||
  (noValue === null && series.every(({ values }) => values.every((value) => value === null)));

/** Every panel of every dashboard that the console shows. */
export async function checkDashboards(look: Look, patienceMs = COLLECTED_MS): Promise<Outcome> {
  const { kube, git, signal } = look;
  if (!(await isThere(prometheus, look))) return notApplicable('the site has no Prometheus');
  const folders = (await listKustomizations(kube, signal)).map(({ spec }) => spec.path ?? './');
  const dashboards = await findDashboards(git, folders, signal);
  if (dashboards.length === 0) return notApplicable('no app of the site has a dashboard');
  const shown = await settled(
    () => Promise.all(dashboards.map((one) => evaluate(one, 1, Date.now(), kube, signal))),
    (all) => !all.some(({ panels }) => panels.some(isEmpty)),
    patienceMs,
    signal,
  );
  const wrong = shown.flatMap(({ title: of, panels }) =>
    panels.filter(isEmpty).map(({ title, problem }) => `${of}, ${title}: ${problem || 'no data'}`),
  );
  return passUnless(
    wrong,
    shown.map(({ title, panels }) => `${title}: ${counted(panels.length, 'panel')}`).join(', '),
  );
}

/** Source: Alertmanager, OpenAPI of API v2, gettableAlert. */
const AlertsSchema = z.array(
  z.object({ receivers: z.array(z.object({ name: z.string() })), status: z.object({ state: z.string() }) }),
);
const ALERT = 'CpiabPostcheck';
const ROUTED_MS = patient(60_000);

/** Raises an alert that says of itself that it is a test, and ends it. */
export async function checkAlert(look: Look): Promise<Outcome> {
  const { kube, signal } = look;
  if (!(await isThere(alertmanager, look))) return notApplicable('the site has no Alertmanager');
  const raised = proxied(alertmanager, '/api/v2/alerts');
  const told = (endsAt: number) => [
    {
      labels: { alertname: ALERT, severity: 'info' },
      annotations: { summary: 'A post-check tries whether alerts arrive. Nothing is wrong.' },
      endsAt: new Date(endsAt).toISOString(),
    },
  ];
  await kube.post(raised, told(Date.now() + ROUTED_MS), signal);
  try {
    const found = await settled(
      async () => {
        const query = `?filter=${encodeURIComponent(`alertname="${ALERT}"`)}`;
        return AlertsSchema.parse(await kube.get(raised + query, signal))[0];
      },
      (alert) => alert !== undefined && alert.status.state !== 'unprocessed',
      ROUTED_MS / 2,
      signal,
    );
    if (found === undefined) return fail('Alertmanager took an alert, and holds none');
    if (found.status.state !== 'active') return fail(`Alertmanager holds it as ${found.status.state}`);
    return pass(`Alertmanager holds it, for ${found.receivers.map(({ name }) => name).join(', ')}`);
  } finally {
    await kube.post(raised, told(Date.now()), signal);
  }
}
