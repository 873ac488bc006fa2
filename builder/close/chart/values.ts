import { isRecord } from '../../../policy/closed/object.ts';
import type { Chart } from './chart.ts';

type Values = Record<string, unknown>;

/** What of a chart takes part in a release: its own values, and those of each chart in it. */
export interface Part {
  chart: Chart;
  /** Names of the charts that hold it, such as `charts/redis`; empty for the chart itself. */
  at: string;
  /** Its values without those of the charts in it. */
  values: Values;
}

/** The chart and, below it, every chart whose condition holds. Source: Helm, "Subcharts and Global Values". */
export function partsOf(chart: Chart, given: Values, at = ''): Part[] {
  const values = merge(chart.values, given);
  const inner = chart.charts.flatMap((sub) => {
    const uses = chart.dependencies.filter(({ name }) => name === sub.name);
    // A chart that nothing names takes part all the same.
    const names = uses.length === 0 ? [{ condition: '', alias: undefined }] : uses;
    return names
      .filter(({ condition }) => holds(condition, values))
      .map(({ alias }) => ({ sub, key: alias ?? sub.name }));
  });
  const own = Object.fromEntries(
    Object.entries(values).filter(
      ([key]) => !inner.some((found) => found.key === key) && !isInner(chart, key),
    ),
  );
  return [
    { chart, at, values: own },
    ...inner.flatMap(({ sub, key }) => {
      const below = values[key];
      return partsOf(sub, isRecord(below) ? below : {}, `${at}charts/${sub.name}/`);
    }),
  ];
}

const isInner = ({ charts, dependencies }: Chart, key: string) =>
  charts.some(({ name }) => name === key) || dependencies.some(({ name, alias }) => key === (alias ?? name));

/** The first path that leads to true or false decides; none means that it takes part. */
function holds(condition: string, values: Values): boolean {
  for (const path of condition.split(',')) {
    const found = path
      .trim()
      .split('.')
      .reduce<unknown>((inner, name) => (isRecord(inner) ? inner[name] : undefined), values);
    if (typeof found === 'boolean') return found;
  }
  return true;
}

/** As Helm lays values over each other: mappings key by key, null takes a key away, the rest is replaced. */
export function merge(base: Values, over: Values): Values {
  const merged: Values = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    if (value === null) delete merged[key];
    else merged[key] = isRecord(value) && isRecord(below) ? merge(below, value) : value;
  }
  return merged;
}
