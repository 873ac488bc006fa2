import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { units } from '../../contract/layout.ts';
import type { PassphraseChange } from '../../contract/passphrase.ts';
import { ProcessError } from '../../host/process.ts';
import { runUnit } from '../../host/unit.ts';

/** Runs `change-passphrase` with these variables. @throws ProcessError with what it said. */
export type ChangeProgram = (variables: Record<'OLD' | 'NEW', string>, signal: AbortSignal) => Promise<void>;

/** In a service of its own: the agent has not what cryptsetup needs. @param memory directory. */
export function changeInService(memory: string): ChangeProgram {
  return (variables, signal) => runUnit(variables, { unit: units.passphrase, directory: memory, signal });
}

/**
 * Changes what opens the state. The passphrases are in files in memory as long as that takes, for root.
 * @param memory directory. @throws CpiabError E5122, E5123.
 */
export async function changePassphrase(
  change: Pick<PassphraseChange, 'old' | 'new'>,
  program: ChangeProgram,
  memory: string,
  signal: AbortSignal,
): Promise<void> {
  const directory = join(memory, 'passphrase');
  await rm(directory, { recursive: true, force: true });
  try {
    await mkdir(directory, { mode: 0o700 });
    const [OLD, NEW] = [join(directory, 'old'), join(directory, 'new')];
    await writeFile(OLD, change.old, { mode: 0o600 });
    await writeFile(NEW, change.new, { mode: 0o600 });
    await program({ OLD, NEW }, signal);
  } catch (error) {
    throw failure(error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function failure(cause: unknown): unknown {
  if (!(cause instanceof ProcessError)) return cause;
  const subject = 'this box';
  if (cause.stderr.includes('CPIAB-E5122')) return new CpiabError('E5122', { subject, cause });
  const why = cause.stderr.trim().split('\n').at(-1) ?? '';
  return new CpiabError('E5123', { subject, args: [why || 'cryptsetup did not say why'], cause });
}
