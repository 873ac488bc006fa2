import type { Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import type { BuildHost } from '../host.ts';
import { resolveChart } from '../registry/charts.ts';
import { askRegistries } from './ask-registries.ts';
import { readReference } from './upstream.ts';

/** Asks the registries what each chart's tag names now. Sorted by reference. @throws CpiabError E3030 for what is no chart. */
export async function lockCharts(
  entries: readonly string[],
  site: Site,
  host: BuildHost,
): Promise<Lock['charts']> {
  return await askRegistries(entries.toSorted(), site, host, async (text, registries) => {
    const reference = readReference(text);
    const chart = await resolveChart(await registries.of(reference.host), reference);
    const size = [chart.config, ...chart.layers].reduce((sum, blob) => sum + blob.size, 0);
    return { reference: text, digest: chart.manifest.digest, size };
  });
}
