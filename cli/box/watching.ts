import type { CliContext } from '../context.ts';

/** Looks on until Ctrl-C, which is how a person ends it and no error: nothing is said then. */
export async function watching(
  look: () => Promise<void>,
  { signal, exitWith }: Pick<CliContext, 'signal' | 'exitWith'>,
): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!signal.aborted) throw error;
    exitWith(130);
  }
}
