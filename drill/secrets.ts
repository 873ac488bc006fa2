import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keysDirectory } from '../builder/bundle/keys.ts';
import { issueOperator, makeOperator } from '../builder/bundle/operator.ts';
import type { BankName } from '../contract/drill/scenario.ts';
import { makeIdentity } from '../host/age/keys.ts';
import { ensureDirectory, writeAtomic } from '../host/files.ts';
import type { Passwords } from './database/database.ts';
import { bankNames, type World } from './world.ts';

/** PEM. */
export interface Credential {
  cert: string;
  key: string;
}

interface BankSecrets {
  boxId: string;
  /** PEM of the CA whose operators decide there. */
  operatorCa: string;
  /** Who lets machines in, and who lets writes move. */
  join: Credential;
  cutOver: Credential;
}

/** What only the drill knows: made once, and gone with its banks. */
export interface Secrets {
  passwords: Passwords;
  banks: Record<BankName, BankSecrets>;
  /** Bank B's key, for which cargo is encrypted. */
  age: { recipient: string; secret: string };
}

type OperatorCa = Parameters<typeof issueOperator>[0];

const FILE = 'secrets.json';

export async function makeSecrets(world: World): Promise<void> {
  await chmod(await ensureDirectory(world.work), 0o711);
  await chmod(await ensureDirectory(world.secrets), 0o700);
  const { recipient, secret } = makeIdentity();
  const [a, b] = [await bankSecrets(world, 'a'), await bankSecrets(world, 'b')];
  const password = () => randomBytes(24).toString('hex');
  const secrets: Secrets = {
    passwords: { app: password(), replica: password() },
    banks: { a, b },
    age: { recipient, secret },
  };
  await writeAtomic(join(world.secrets, FILE), JSON.stringify(secrets), { mode: 0o600 });
  for (const bank of bankNames)
    await writeAtomic(join(world.secrets, `${bank}-operator-ca.crt`), secrets.banks[bank].operatorCa);
}

export async function readSecrets(world: World): Promise<Secrets> {
  return JSON.parse(await readFile(join(world.secrets, FILE), 'utf8')) as Secrets;
}

async function bankSecrets({ scenario, substrate }: World, bank: BankName): Promise<BankSecrets> {
  const now = new Date();
  const ca = substrate === 'qemu' ? await siteAuthority(scenario.site) : await ownAuthority(bank, now);
  const issue = async (name: string): Promise<Credential> => {
    const made = await issueOperator(ca, { site: scenario.site, name, role: 'admin', days: 1 }, now);
    return { cert: made.certificate, key: made.key };
  };
  const { join, cutOver } = scenario.approvals;
  return {
    boxId: randomUUID(),
    operatorCa: ca.certificate,
    join: await issue(join),
    cutOver: await issue(cutOver.by),
  };
}

async function ownAuthority(bank: BankName, now: Date): Promise<OperatorCa> {
  const { ca, caKey } = await makeOperator(`bank-${bank}`, now);
  return { certificate: ca, key: caKey };
}

/** The one that the medium names. */
async function siteAuthority(site: string): Promise<OperatorCa> {
  const of = async (name: string) => await readFile(join(keysDirectory(site), name), 'utf8');
  return { certificate: await of('operator-ca.crt'), key: await of('operator-ca.key') };
}
