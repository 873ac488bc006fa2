import { z } from 'zod';
import {
  type Dashboard,
  type DashboardData,
  type DashboardHours,
  type Panel,
  prometheus,
  queriesOf,
  rateInterval,
} from '../../contract/dashboard.ts';
import type { KubeClient } from '../kube/client.ts';

const POINTS = 120;
/** Lines that one can still tell apart. */
const MOST_SERIES = 12;
const PATIENCE_MS = 20_000;
/** How often Prometheus collects (prometheus.yaml): a rate needs some samples. */
const SCRAPE_S = 30;
const { namespace, service, port } = prometheus;
const PATH = `/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy/api/v1/query_range`;

/** Source: Prometheus, HTTP API, range queries. */
const AnswerSchema = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
});

type Series = DashboardData['panels'][number]['series'][number];

interface Span {
  start: number;
  end: number;
  step: number;
}

/** Asks Prometheus, through the API server, for all that a dashboard shows. Panel after panel: it is not alone there. */
export async function evaluate(
  { uid, title, panels }: Dashboard,
  hours: DashboardHours,
  now: number,
  kube: Pick<KubeClient, 'get'>,
  signal: AbortSignal,
): Promise<DashboardData> {
  const step = (hours * 3600) / POINTS;
  // On a grid, so that the same moments are asked for again.
  const end = Math.floor(now / 1000 / step) * step;
  const span = { start: end - (POINTS - 1) * step, end, step };
  const shown: DashboardData['panels'] = [];
  for (const panel of panels.filter(isDrawn)) shown.push(await drawn(panel, span, kube, signal));
  const { start } = span;
  return { apiVersion: 'cpiab.dev/v1', kind: 'DashboardData', uid, title, start, step, panels: shown };
}

const isDrawn = (panel: Panel) =>
  (panel.type === 'timeseries' || panel.type === 'stat') && queriesOf(panel).length > 0;

async function drawn(
  panel: Panel,
  span: Span,
  kube: Pick<KubeClient, 'get'>,
  signal: AbortSignal,
): Promise<DashboardData['panels'][number]> {
  const { unit = 'none', min = null, max = null, noValue = null } = panel.fieldConfig.defaults;
  const look = {
    type: panel.type === 'stat' ? ('stat' as const) : ('timeseries' as const),
    title: panel.title,
    description: panel.description ?? '',
    ...{ unit, min, max, noValue },
    width: panel.gridPos.w,
  };
  try {
    const found = await Promise.all(
      panel.targets.map(({ expr, legendFormat }) =>
        expr === undefined ? [] : range(expr, legendFormat, span, kube, signal),
      ),
    );
    const series = found.flat();
    const more = Math.max(0, series.length - MOST_SERIES);
    return { ...look, series: series.slice(0, MOST_SERIES), more, problem: '' };
  } catch (error) {
    signal.throwIfAborted();
    return { ...look, series: [], more: 0, problem: (error as Error).message };
  }
}

async function range(
  expr: string,
  legend: string | undefined,
  { start, end, step }: Span,
  kube: Pick<KubeClient, 'get'>,
  signal: AbortSignal,
): Promise<Series[]> {
  // As Grafana counts it: docs of $__rate_interval.
  const window = `${Math.max(step + SCRAPE_S, 4 * SCRAPE_S)}s`;
  const query = expr.replaceAll(rateInterval, window);
  const asked = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${step}` });
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const { data } = AnswerSchema.parse(await kube.get(`${PATH}?${asked}`, patience));
  return data.result
    .map(({ metric, values }) => ({ name: nameOf(metric, legend), values: onGrid(values, start, step) }))
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
}

/** A missing moment is null, and so is what is no number. */
function onGrid(values: [number, string][], start: number, step: number): (number | null)[] {
  const at = new Map(values.map(([time, value]) => [Math.round((time - start) / step), Number(value)]));
  return Array.from({ length: POINTS }, (_, index) => {
    const value = at.get(index);
    return value !== undefined && Number.isFinite(value) ? value : null;
  });
}

function nameOf(metric: Record<string, string>, legend: string | undefined): string {
  if (legend === undefined) return Object.values(metric).join(' ');
  return legend.replaceAll(/\{\{\s*(?<label>\w+)\s*\}\}/g, (_, label: string) => metric[label] ?? '').trim();
}
