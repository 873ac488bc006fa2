import { keysDirectory } from '../../builder/bundle/keys.ts';
import { readAgeKey } from '../../builder/secrets/age-key.ts';
import { CpiabError } from '../../contract/errors.ts';
import {
  type DecryptionKey,
  decryptionKeyPath,
  siteSecrets,
  type Unlocked,
  UnlockedSchema,
} from '../../contract/secrets.ts';
import { type OperatorClient, post } from './operator.ts';

const TIMEOUT_MS = 120_000;

/** Hands a box the age keys that this machine has for its site. @throws CpiabError E1420, E1423, E5308. */
export async function unlock(client: Pick<OperatorClient, 'ask'>, site: string): Promise<Unlocked> {
  const key = await readAgeKey(keysDirectory(site));
  if (key === null) throw new CpiabError('E1423', { subject: siteSecrets.keyFile, args: [site] });
  const document: DecryptionKey = {
    apiVersion: 'cpiab.dev/v1',
    kind: 'DecryptionKey',
    identities: key.secrets,
  };
  return await client.ask(decryptionKeyPath, post(document, TIMEOUT_MS), UnlockedSchema);
}
