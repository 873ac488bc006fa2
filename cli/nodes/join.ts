import { text } from 'node:stream/consumers';
import { enroll, type Inviting } from '../../agent/join/enroll.ts';
import { ownInventory } from '../../agent/join/inventory.ts';
import { fetchJoinMaterial, renewalDue } from '../../agent/join/renew.ts';
import { type Member, NodeStore } from '../../agent/join/store.ts';
import { CpiabError } from '../../contract/errors.ts';
import { requireInvitation } from '../../contract/invitation.ts';
import type { NodeRole } from '../../contract/join-material.ts';
import { requireNodeName } from '../../contract/node-name.ts';
import { sha256 } from '../../contract/sha256.ts';
import { writeAtomic } from '../../host/files.ts';
import type { CliContext } from '../context.ts';

export interface Joining {
  invitation: string | undefined;
  box: string | undefined;
  name: string;
  role: NodeRole;
  directory: string;
  material: string | undefined;
}

/** Enrols this machine, and says how far that is from being a node of the cluster. */
export async function joinBox(context: CliContext, joining: Joining): Promise<void> {
  const { name, role, directory, material } = joining;
  const inviting = await invitingOf(joining);
  requireNodeName(name);
  const store = new NodeStore(directory);
  const waiting = ({ request, expires }: { request: string; expires: string }, key: string) =>
    context.note(
      `waiting until somebody approves this machine, at most until ${expires}\nkey ${key}\nrequest ${request}`,
    );
  const applicant = { name, role, inventory: await ownInventory() };
  const member = await enroll(store, inviting, applicant, {
    waiting,
    wall: Date.now,
    signal: context.signal,
  });
  if (material !== undefined) {
    const secret = await fetchJoinMaterial(store, context.signal);
    await writeAtomic(material, `${JSON.stringify(secret)}\n`, { mode: 0o600 });
  }
  print(context, member, directory);
}

function print(context: CliContext, member: Member, directory: string): void {
  const { id, name, role, certificate } = member.grant;
  const due = new Date(renewalDue(member, 0)).toISOString();
  const lines = [
    `enrolled with ${member.box} as ${role} ${name}, node ${id}`,
    `key and certificate are in ${directory}; renew from ${due} on with \`cpiab renew\``,
    'It is no node of the cluster: docs/operate/nodes.md says how machines become that.',
  ];
  context.print(
    { box: member.box, id, name, role, directory, certificate, renewFrom: due },
    lines.join('\n'),
  );
}

async function invitingOf({ invitation, box }: Joining): Promise<Inviting> {
  if (invitation === undefined) return byFingerprint(box ?? '');
  const given = invitation === '-' ? await text(process.stdin) : invitation;
  return requireInvitation(given, 'cpiab join');
}

/** The person vouches for the key of the box. */
function byFingerprint(box: string): Inviting {
  const url = URL.canParse(box) ? new URL(box) : null;
  const pin = url?.hash.slice(1).toLowerCase() ?? '';
  if (url?.protocol !== 'https:')
    throw new CpiabError('E1501', {
      subject: 'cpiab join',
      args: ['give one, or --box with an https address'],
    });
  if (!sha256.safeParse(pin).success) throw new CpiabError('E5006', { subject: box });
  return { box: url.port === '' ? `${url.hostname}:443` : url.host, pin };
}
