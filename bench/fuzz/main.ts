import { parseArgs } from 'node:util';
import { formatBytes } from '../../contract/units.ts';
import { fuzz } from '../../test/support/fuzz/fuzz.ts';
import { targets } from '../../test/support/fuzz/targets.ts';

/**
 * Gives each parser changed inputs for some minutes, and prints what it did not refuse with an error of ours.
 * Options: --minutes N, --target NAME, and --seed N --runs 1 to do one of them again.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      target: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      runs: { type: 'string', default: 'Infinity' },
    },
  });
  const all = Object.entries(await targets()).filter(([name]) => (values.target ?? name) === name);
  if (all.length === 0) throw new Error(`no target ${values.target}`);
  for (const [name, target] of all) {
    const end = performance.now() + Number(values.minutes) * 60_000;
    const goesOn = (runs: number) => runs < Number(values.runs) && performance.now() < end;
    const { runs, failures, peak } = await fuzz(target, Number(values.seed), goesOn);
    await target.close?.();
    process.stdout.write(`${name}: ${runs} runs, ${failures.length} failures, memory ${formatBytes(peak)}\n`);
    for (const { seed, why } of failures)
      process.stdout.write(`  --target ${name} --seed ${seed} --runs 1: ${why}\n`);
    if (failures.length > 0) process.exitCode = 1;
  }
}

await main();
