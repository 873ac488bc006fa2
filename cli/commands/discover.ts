import { setTimeout as sleep } from 'node:timers/promises';
import type { Inventory } from '../../contract/inventory.ts';
import { watching } from '../box/watching.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

const WATCH_MS = 2000;
const PATIENCE_MS = 30_000;

export function discoverCommand(context: CliContext) {
  return command('discover', 'show what stands around a box: hosts, services, proposals', [
    { line: 'cpiab discover', does: 'the box that this machine booted last' },
    { line: 'cpiab discover https://10.0.0.7:7443#4f1c… --watch', does: 'and each change, until Ctrl-C' },
    { line: 'cpiab discover --json', does: 'all of it, for programs: config/schema/inventory.json' },
  ])
    .argument('[box]', "the box's address, and after # the fingerprint that its console shows")
    .option('--watch', 'go on with each change', false)
    .action(async (box, { watch }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { OperatorClient } = await import('../box/operator.ts');
      const { inventoryPath, InventorySchema } = await import('../../contract/inventory.ts');
      const { inventoryText } = await import('../box/inventory-text.ts');
      const address = await boxAddress(box, 'cpiab discover');
      const { site } = (await fetchStatus(address)).box;
      const client = await OperatorClient.of(address, site, context.signal);
      const ask = () => client.ask(inventoryPath, { timeoutMs: PATIENCE_MS }, InventorySchema);
      const inventory = await ask();
      context.print(inventory, inventoryText(inventory));
      if (watch) await watching(() => follow(ask, inventory, context), context);
    });
}

/** Prints what happens, a line for each event; a box that does not answer for a while is asked again. */
async function follow(
  ask: () => Promise<Inventory>,
  first: Inventory,
  { json, signal }: CliContext,
): Promise<void> {
  const { CpiabError } = await import('../../contract/errors.ts');
  const { eventLine, eventsAfter } = await import('../box/inventory-text.ts');
  for (let shown = first.events; ; ) {
    await sleep(WATCH_MS, undefined, { signal });
    const { events } = await ask().catch((error: unknown) => {
      // One that restarts does not answer at first, then has no inventory yet.
      if (error instanceof CpiabError && ['E5004', 'E5308'].includes(error.code)) return { events: shown };
      throw error;
    });
    for (const event of eventsAfter(shown, events))
      process.stdout.write(`${json ? JSON.stringify(event) : eventLine(event)}\n`);
    shown = events;
  }
}
