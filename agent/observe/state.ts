import { readFile } from 'node:fs/promises';
import { type Encryption, EncryptionSchema } from '../../contract/encryption.ts';
import type { Paths } from '../board.ts';
import type { Problem } from '../report/report.ts';

/** Where the box's state lies, as the data unit found or made it. */
export interface FoundState {
  kind: 'disk' | 'memory';
  encryption: Encryption;
  /** What a person should know of the disk. */
  problem: Problem | null;
}

/** @param wanted what the site says about a state that is made. */
export async function foundState(
  paths: Pick<Paths, 'stateKind' | 'stateProblem' | 'encryption'>,
  wanted: Encryption,
): Promise<FoundState> {
  const kind = (await readFile(paths.stateKind, 'utf8')).trim() === 'disk' ? 'disk' : 'memory';
  const word = (await readFile(paths.encryption, 'utf8').catch(() => 'none')).trim();
  const encryption = EncryptionSchema.parse(word);
  const told = await readFile(paths.stateProblem, 'utf8').catch(() => '');
  const [first] = told.split('\n').filter((line) => line !== '');
  if (first !== undefined) {
    const [problem = '', nextAction = ''] = first.split('\t');
    return { kind, encryption, problem: { problem, nextAction } };
  }
  const plain = kind === 'disk' && encryption === 'none' && wanted !== 'none';
  return { kind, encryption, problem: plain ? plainState(wanted) : null };
}

/** A state is encrypted when it is made, or never. */
const plainState = (wanted: Encryption): Problem => ({
  problem: `the site wants the state encrypted (${wanted}), but this box made it before that`,
  nextAction: 'back the box up, install it anew, and restore it: docs/operate/encryption.md',
});
