import { join } from 'node:path';
import type { BankName } from '../../contract/drill/scenario.ts';
import { ports } from '../../contract/layout.ts';
import { ProcessError } from '../../host/process.ts';
import { inside } from '../netns/command.ts';
import type { World } from '../world.ts';

/** What asking boxes takes. */
export interface Asking {
  world: World;
  /** Of CPiaB itself. */
  repository: string;
  signal: AbortSignal;
}

/** An emulated box takes long. */
const LONGEST_MS = 3_600_000;

/** Runs `cpiab` where the operators of a bank's box sit. @returns the document that it prints. */
export async function cpiabIn(
  { world, repository, signal }: Asking,
  bank: BankName,
  ...args: string[]
): Promise<unknown> {
  const argv = [process.execPath, join(repository, 'cli', 'main.ts'), ...args, '--json'];
  const said = await inside(world.operators(bank), argv, { signal, timeoutMs: LONGEST_MS }).catch(
    (error: unknown) => {
      if (!(error instanceof ProcessError)) throw error;
      // Its progress is told before.
      const last = error.stderr.trimEnd().split('\n').at(-1) ?? '';
      throw new Error(`cpiab ${args.slice(0, 2).join(' ')}: ${last}`, { cause: error });
    },
  );
  return JSON.parse(said);
}

/** What `--box` takes. */
export const boxOption = (
  { world }: Pick<Asking, 'world'>,
  bank: BankName,
  fingerprint: string,
): string[] => ['--box', `https://${world.host(bank, 'box').address}:${ports.api}#${fingerprint}`];
