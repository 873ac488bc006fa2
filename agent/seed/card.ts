import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeedNetwork } from '../../contract/seed.ts';
import type { BoxReport, Problem } from '../report/report.ts';

type Card = NonNullable<SeedNetwork['interface']>;
const LOOK_MS = 30_000;

/**
 * What is wrong when the machine has no card that the seed means: then its address is nowhere.
 * @param root where the kernel shows network devices; physical ones have a device behind them.
 */
export async function missingCard(card: Card, root = '/sys/class/net'): Promise<Problem | null> {
  const names = (await readdir(root)).filter((name) => existsSync(join(root, name, 'device')));
  const cards = await Promise.all(
    names.toSorted().map(async (name) => {
      const mac = (await readFile(join(root, name, 'address'), 'utf8').catch(() => '')).trim();
      return { name, mac };
    }),
  );
  const meant = ({ name, mac }: { name: string; mac: string }) =>
    card.mac === undefined ? matchesGlob(name, card.name ?? '') : card.mac === mac;
  if (cards.some(meant)) return null;
  const found = cards.map(({ name, mac }) => `${name} ${mac}`).join(', ') || 'none';
  return {
    problem: `no network card is ${card.mac ?? card.name}, which the seed means; this machine has ${found}`,
    nextAction: 'correct `network.interface` in the seed, and start the box with it',
  };
}

/** Tells as long as the card is missing: some are found late, or plugged in. */
export async function watchCard(
  card: Card | null,
  report: Pick<BoxReport, 'lasting'>,
  signal: AbortSignal,
): Promise<void> {
  while (card !== null) {
    await sleep(LOOK_MS, undefined, { signal });
    report.lasting('seed-card', await missingCard(card));
  }
}
