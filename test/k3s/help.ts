import { run } from '../../host/process.ts';
import { k3sCommands, k3sKeys } from '../support/k3s-keys.ts';
import type { Check } from './check.ts';

/** The table that the contract tests use is what this binary documents. */
export function checkHelp(program: string): Check[] {
  const flags: Record<string, readonly string[]> = { ...k3sCommands };
  for (const [role, keys] of Object.entries(k3sKeys))
    flags[role] = [...(flags[role] ?? []), ...Object.keys(keys).map((key) => `--${key}`)];
  return Object.entries(flags).map(([command, expected]) => [
    `k3s ${command} documents every flag of the table`,
    async () => {
      const { stdout } = await run([program, ...command.split(' '), '--help']);
      const missing = missingFlags(stdout, expected);
      if (missing.length > 0) throw new Error(`not there: ${missing.join(', ')}`);
      return `${expected.length} flags`;
    },
  ]);
}

/** Flags that a help text, such as `--ttl value  (cluster) …`, does not list. */
export function missingFlags(help: string, expected: readonly string[]): string[] {
  const listed = new Set(help.match(/--[a-z0-9-]+/g));
  return expected.filter((flag) => !listed.has(flag));
}
