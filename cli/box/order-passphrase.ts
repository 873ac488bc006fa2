import { CpiabError } from '../../contract/errors.ts';
import {
  type PassphraseChange,
  type PassphraseChanged,
  PassphraseChangedSchema,
  passphrasePath,
} from '../../contract/passphrase.ts';
import { PassphraseSchema } from '../../contract/seed.ts';
import { readPassphrase } from '../backup/keys.ts';
import { type OperatorClient, post } from './operator.ts';

/** A slow box computes argon2 for each of several tries. */
const LONGEST_MS = 600_000;

/** The first lines of two files. @throws CpiabError E1412, E1415. */
export async function readChange(oldFile: string, newFile: string): Promise<PassphraseChange> {
  const [old, fresh] = [await readPassphrase(oldFile), await readPassphrase(newFile)];
  const wrong = (why: string) => new CpiabError('E1415', { subject: newFile, args: [why] });
  const { error } = PassphraseSchema.safeParse(fresh);
  if (error !== undefined) throw wrong(error.issues[0]?.message ?? '');
  if (old === fresh) throw wrong('it is the old one');
  return { apiVersion: 'cpiab.dev/v1', kind: 'PassphraseChange', old, new: fresh };
}

/** @throws CpiabError E5308 with what the box says, E5004, E5005. */
export async function orderPassphrase(
  client: OperatorClient,
  change: PassphraseChange,
): Promise<PassphraseChanged> {
  return await client.ask(passphrasePath, post(change, LONGEST_MS), PassphraseChangedSchema);
}

const told: Record<PassphraseChanged['encryption'], string> = {
  tpm2: 'the recovery passphrase is another now; the TPM opens the state as before',
  passphrase: 'each start asks for the new passphrase; a seed that answers needs it too',
  none: '',
};

export const changedText = ({ encryption }: PassphraseChanged) => told[encryption];
