import type { Site } from '../../contract/site.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';
import { openRegistries, type Registries } from '../registry/registries.ts';

/** Questions to registries at a time. */
const PARALLEL = 8;

/** Asks the registries about every item; answers in the items' order. @throws what the first to fail threw. */
export async function askRegistries<Item, Answer>(
  items: readonly Item[],
  site: Site,
  { repository, signal }: BuildHost,
  ask: (item: Item, registries: Registries, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer[]> {
  const registries = openRegistries(site, repository, signal);
  try {
    return await inTurn(items, { parallel: PARALLEL, signal }, (item, stop) => ask(item, registries, stop));
  } finally {
    await registries.close();
  }
}
