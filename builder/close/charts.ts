import type { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import { addImage, type Needs, type Place } from '../../policy/closed/needs.ts';
import type { Reached } from '../../policy/closed/reached.ts';
import { chartNames, Sources } from '../../policy/closed/sources.ts';
import { fetchCharts } from '../fetch/charts.ts';
import type { BuildHost } from '../host.ts';
import { type Chart, readChart } from './chart/chart.ts';
import { missingDependencies } from './chart/dependencies.ts';
import { chartImages } from './chart/images.ts';

/** The locked charts by reference. They are small, so they are fetched before the long work. */
export async function readCharts(site: Site, lock: Lock, host: BuildHost): Promise<Map<string, Chart>> {
  const charts = new Map<string, Chart>();
  for (const { reference, content } of await fetchCharts(site, lock, host))
    charts.set(reference, await readChart(content.path, reference));
  return charts;
}

export function dependencyFindings(charts: ReadonlyMap<string, Chart>): CpiabError[] {
  return [...charts].flatMap(([reference, chart]) => missingDependencies(chart, reference));
}

/** Images of every carried chart: with the values of each release of it, or its own where nothing in Git installs it. */
export function addChartImages(
  charts: ReadonlyMap<string, Chart>,
  objects: readonly Reached[],
  { site, lock }: { site: Site; lock: Lock },
  needs: Needs,
): void {
  const releases = new Sources(objects, site).releases(objects);
  for (const { reference, digest } of lock.charts) {
    const chart = charts.get(reference);
    if (chart === undefined) continue;
    const names = chartNames(reference, digest);
    const own = releases.filter((release) => names.includes(release.chart));
    const uses: { values: Record<string, unknown>; place: Place }[] = own.map(({ values, reached }) => ({
      values,
      place: { file: reached.file, way: [...reached.way, reference] },
    }));
    if (uses.length === 0) uses.push({ values: {}, place: { file: reference, way: [reference] } });
    for (const { values, place } of uses)
      for (const image of chartImages(chart, values)) addImage(image, place, needs);
  }
}
