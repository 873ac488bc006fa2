import { randomBytes } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CpiabError } from '../../contract/errors.ts';
import { formatInvitation, type Invitation, requireInvitation } from '../../contract/invitation.ts';
import { joinFilePath } from '../../contract/join-file.ts';
import { requireNodeName } from '../../contract/node-name.ts';
import { readTextFile } from '../../host/input-file.ts';
import { noAnswer, openPinned } from '../../host/pinned-https.ts';
import type { CliContext } from '../context.ts';
import { type SshIdentity, SshMachine } from './ssh.ts';
import { parseSshTarget, requireFingerprint } from './ssh-target.ts';

export interface JoiningBySsh {
  target: string;
  hostKey: string | undefined;
  /** Path of a private key; else the agent is asked. */
  identity: string | undefined;
  invitation: string | undefined;
  /** Of the node; the machine's own unless told. */
  name: string | undefined;
}

const SILENCE_MS = 120_000;

/**
 * What runs the file there. The invitation comes on its first line of input, so that no list of processes has it. The end
 * of the input ends the join, and all that it has started: this side has stopped, or is gone.
 */
const RUN = `exec 3<&0
read -r invitation <&3
setsid bash "$0" "$@" - <<<"$invitation" &
join=$!
{ cat; kill -TERM -- "-$join"; } <&3 >/dev/null 2>&1 &
watch=$!
wait "$join"
status=$?
kill "$watch" 2>/dev/null
rm -f "$0"
exit "$status"`;

/** Makes another machine a node: brings it the box's file, runs it there, and shows what it says. */
export async function joinBySsh(context: CliContext, joining: JoiningBySsh): Promise<void> {
  const target = parseSshTarget(joining.target);
  const hostKey = requireFingerprint(joining.hostKey);
  const line = joining.invitation === '-' ? await text(process.stdin) : (joining.invitation ?? '');
  const invitation = requireInvitation(line, 'cpiab join');
  if (joining.name !== undefined) requireNodeName(joining.name);
  const identity = await identityOf(joining.identity);
  const machine = await SshMachine.connect(target, hostKey, identity);
  try {
    await joinOn(context, machine, joining, invitation);
  } finally {
    machine.close();
  }
}

async function joinOn(
  context: CliContext,
  machine: SshMachine,
  { target, name }: JoiningBySsh,
  invitation: Invitation,
): Promise<void> {
  const { signal } = context;
  const sudo = target.startsWith('root@') ? '' : 'sudo -n ';
  const file = `/var/tmp/cpiab-join-${randomBytes(8).toString('hex')}`;
  context.note(`bringing the file of ${invitation.box} to ${target}`);
  await bring(context, machine, { target, sudo, file, invitation });
  const input = new PassThrough();
  input.write(`${formatInvitation(invitation)}\n`);
  const stop = () => void input.end();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const named = name === undefined ? '' : ` --name ${name}`;
  const run = { line: `${sudo}bash -c '${RUN}' ${file}${named}`, input, onLine: context.note };
  const status = await machine.run(run);
  signal.throwIfAborted();
  if (status !== 0) throw failed(target, status);
  context.print({ target, box: invitation.box }, `${target} is a node of ${invitation.box}`);
}

interface Bringing {
  target: string;
  sudo: string;
  /** Path there. */
  file: string;
  invitation: Invitation;
}

/** Sends the file as it comes from the box. What came in part is taken away. */
async function bring(
  { signal, note }: CliContext,
  machine: SshMachine,
  { target, sudo, file, invitation }: Bringing,
): Promise<void> {
  const input = await joinFile(invitation, signal);
  try {
    const status = await machine.run({
      line: `${sudo}sh -c 'umask 077 && cat >${file}'`,
      input,
      onLine: note,
    });
    if (status !== 0) throw failed(target, status);
  } catch (cause) {
    // The connection may be what broke.
    await machine.run({ line: `${sudo}rm -f ${file}`, input: Readable.from([]) }).catch(() => null);
    signal.throwIfAborted();
    throw noAnswer(invitation.box, invitation.pin, cause);
  }
}

const failed = (target: string, status: number | null) =>
  new CpiabError('E5512', { subject: target, args: [status === null ? 'without a status' : String(status)] });

/** @throws CpiabError E1508 where there is none; those of a file that cannot be read. */
async function identityOf(path: string | undefined): Promise<SshIdentity> {
  if (path !== undefined) return { privateKey: await readTextFile(path) };
  const agent = process.env['SSH_AUTH_SOCK'];
  if (agent === undefined || agent === '') throw new CpiabError('E1508', { subject: 'cpiab join' });
  return { agent };
}

/** The file as the box sends it; the box is known by the key that the invitation names. @throws CpiabError E5004, E5005. */
async function joinFile({ box, pin }: Invitation, signal: AbortSignal): Promise<Readable> {
  const url = new URL(`https://${box}${joinFilePath}`);
  const asked = { timeoutMs: SILENCE_MS, signal };
  const answer = await openPinned(url, { of: 'key', sha256: pin }, asked).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw noAnswer(url.origin, pin, cause);
  });
  if (answer.status === 200) return answer.response;
  const why = `${answer.status} ${(await text(answer.response)).trim().slice(0, 200)}`;
  throw new CpiabError('E5004', { subject: url.origin, args: [why] });
}
