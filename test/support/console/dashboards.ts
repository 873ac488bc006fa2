import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DocumentSources } from '../../../agent/api/documents.ts';
import {
  type Dashboard,
  type DashboardData,
  DashboardSchema,
  type Panel,
} from '../../../contract/dashboard.ts';

const platform = join(import.meta.dirname, '../../../cluster/kubernetes/platform');
const files = (await Array.fromAsync(glob('*/dashboard*.json', { cwd: platform }))).toSorted();
const dashboards = await Promise.all(
  files.map(async (file) => DashboardSchema.parse(JSON.parse(await readFile(join(platform, file), 'utf8')))),
);

/** What values of a unit look like: their middle, and how far they go. */
const sizes: Record<string, [number, number]> = {
  percentunit: [0.35, 0.2],
  bytes: [420e6, 60e6],
  Bps: [90e3, 70e3],
  s: [0.08, 0.05],
};
const POINTS = 120;

function wave(index: number, unit: string): (number | null)[] {
  const [middle, amplitude] = sizes[unit] ?? [4, 3];
  const scale = 1 / (index + 1);
  return Array.from({ length: POINTS }, (_, at) =>
    // The box was off for a while.
    at > 40 && at < 52 ? null : (middle + amplitude * Math.sin(at / (9 + index))) * scale,
  );
}

function drawn(panel: Panel, index: number): DashboardData['panels'][number] {
  const { unit = 'none', min = null, max = null, noValue = null } = panel.fieldConfig.defaults;
  const [target] = panel.targets;
  const figures = target?.legendFormat === undefined ? [''] : ['lab'];
  const names = panel.type === 'stat' ? figures : ['kube-system', 'prometheus', 'syncthing'];
  return {
    type: panel.type === 'stat' ? 'stat' : 'timeseries',
    ...{
      title: panel.title,
      description: panel.description ?? '',
      unit,
      min,
      max,
      noValue,
      width: panel.gridPos.w,
    },
    series: names.map((name, position) => ({
      name,
      values: panel.type === 'stat' ? [unit === 'none' ? index : 1_300_000] : wave(position, unit),
    })),
    more: 0,
    problem: '',
  };
}

function data({ uid, title, panels }: Dashboard, hours: number): DashboardData {
  const [start, step] = [Date.UTC(2026, 10, 22, 4) / 1000, (hours * 3600) / POINTS];
  const shown = panels.map(drawn);
  const bad = { ...(shown.at(-1) as (typeof shown)[number]), series: [], problem: 'no endpoints available' };
  const none = { ...(shown.at(-2) as (typeof shown)[number]), series: [] };
  const last = uid === 'cpiab-network' ? [...shown.slice(0, -2), none, bad] : shown;
  return { apiVersion: 'cpiab.dev/v1', kind: 'DashboardData', uid, title, start, step, panels: last };
}

/** The dashboards of Git, with waves; of *Network* one panel is empty and one could not be had. */
export const waving: DocumentSources['dashboards'] = {
  list: async () => ({
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'DashboardList' },
    dashboards: dashboards.map(({ uid, title }) => ({ uid, title })),
  }),
  data: async (uid, hours) => {
    const dashboard = dashboards.find((one) => one.uid === uid);
    return dashboard === undefined ? null : data(dashboard, hours);
  },
};
