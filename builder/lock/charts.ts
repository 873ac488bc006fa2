import type { Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';
import { resolveChart } from '../registry/charts.ts';
import { openRegistries } from '../registry/registries.ts';
import { readReference } from './upstream.ts';

/** Questions to registries at a time. */
const PARALLEL = 8;

/** Asks the registries what each chart's tag names now. Sorted by reference. @throws CpiabError E3030 for what is no chart. */
export async function lockCharts(
  entries: readonly string[],
  site: Site,
  host: BuildHost,
): Promise<Lock['charts']> {
  const registries = openRegistries(site, host.repository, host.signal);
  try {
    return await inTurn(entries.toSorted(), { parallel: PARALLEL, signal: host.signal }, async (text) => {
      const reference = readReference(text);
      const chart = await resolveChart(await registries.of(reference.host), reference);
      const size = [chart.config, ...chart.layers].reduce((sum, blob) => sum + blob.size, 0);
      return { reference: text, digest: chart.manifest.digest, size };
    });
  } finally {
    await registries.close();
  }
}
