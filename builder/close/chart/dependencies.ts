import { CpiabError } from '../../../contract/errors.ts';
import type { Chart } from './chart.ts';

/**
 * Charts that a chart is made with but that don't lie in its `charts/`: whoever renders it offline cannot
 * have them. Helm holds the names together and nothing else. Source: Helm's `action.CheckDependencies`.
 */
export function missingDependencies(chart: Chart, subject: string): CpiabError[] {
  const there = new Set(chart.charts.map(({ name }) => name));
  const own = chart.dependencies
    .filter(({ name }) => !there.has(name))
    .map(
      ({ name, version, repository }) =>
        new CpiabError('E2220', { subject, args: [`${name} ${version}`.trim(), repository || 'nowhere'] }),
    );
  return [
    ...own,
    ...chart.charts.flatMap((inner) => missingDependencies(inner, `${subject} charts/${inner.name}`)),
  ];
}
