import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { mintPossession } from '../../agent/pki/mint.ts';
import { GrantSchema, InvitationAnswerSchema } from '../../contract/enroll.ts';
import { parseInvitation } from '../../contract/invitation.ts';
import { machineId } from '../../test/support/enroll/machine-id.ts';
import {
  ask,
  type Contender,
  expectOwn,
  type Identity,
  type Newcomer,
  newKey,
  usageOf,
} from './contender.ts';

/** A box answers one operator fifty times a second. */
const PAUSE_MS = 20;

interface Started {
  port: number;
  operator: Identity;
}

/** A box process, whose site approves the machines by themselves. A node asks with its invitation, and is granted its certificate. */
export async function startBox(): Promise<Contender> {
  const directory = await mkdtemp(join(tmpdir(), 'cpiab-enroll-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ours.ts'), directory, machineId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const box: Started = JSON.parse(String((await lines.next()).value));
  return {
    name: 'box',
    newcomer: (index) => newcomer(box, index),
    usage: () => usageOf(child),
    stop: async () => {
      child.kill();
      await once(child, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function newcomer({ port, operator }: Started, index: number): Promise<Newcomer> {
  const { key, csr } = newKey();
  const invitation = await invite({ port, operator }, index);
  const body = requestOf(index, invitation, csr);
  let identity = { key, cert: await mintPossession(key) };
  const taken = (answer: unknown) => {
    identity = { key, cert: expectOwn(GrantSchema.parse(answer).certificate, key) };
  };
  return {
    enrol: async () => {
      taken(await ask({ port, index, method: 'POST', path: '/v1/enroll', identity, body }));
    },
    renew: async () => {
      const renewal = { apiVersion: 'cpiab.dev/v1', kind: 'Renewal', nonce: nonce(), since: 1 };
      taken(await ask({ port, index, method: 'POST', path: '/v1/renew', identity, body: renewal }));
    },
  };
}

async function invite({ port, operator }: Started, index: number) {
  const asking = { port, index, method: 'POST', path: '/v1/invitations', identity: operator } as const;
  const made = InvitationAnswerSchema.parse(await ask({ ...asking, body: {} }));
  const parsed = parseInvitation(made.invitation);
  if (typeof parsed === 'string') throw new Error(parsed);
  await sleep(PAUSE_MS);
  return { id: parsed.id, secret: parsed.secret };
}

function requestOf(index: number, invitation: { id: string; secret: string }, csr: Buffer): object {
  const machine = { machineId, macs: [], addresses: [], cpus: 4, memoryBytes: 8e9 };
  return {
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'JoinRequest', name: `n${index}`, role: 'agent' },
    ...{ nonce: nonce(), invitation, csr: csr.toString('base64') },
    inventory: { ...machine, kernel: 'Linux', architecture: 'x64' },
  };
}

const nonce = () => randomBytes(16).toString('hex');
