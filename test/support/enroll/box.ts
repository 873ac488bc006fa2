import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { enroll } from '../../../agent/join/enroll.ts';
import { type Member, NodeStore } from '../../../agent/join/store.ts';
import {
  type InvitationAnswer,
  InvitationAnswerSchema,
  type InvitationRequest,
  type NodeInventory,
  type NodeList,
  NodeListSchema,
} from '../../../contract/enroll.ts';
import { type Invitation, parseInvitation } from '../../../contract/invitation.ts';
import { askPinned, type PinnedRequest } from '../../../host/pinned-https.ts';
import { startTestApi, type TestApi } from '../api.ts';
import { removeTree } from '../remove-tree.ts';
import { machineId } from './machine-id.ts';

const never = new AbortController().signal;

export const inventory: NodeInventory = {
  machineId,
  macs: ['52:54:00:12:34:56'],
  addresses: ['10.0.0.9'],
  cpus: 4,
  memoryBytes: 8 * 2 ** 30,
  kernel: 'Linux 6.12.48',
  architecture: 'x64',
};

/** A box that takes nodes in, with what an operator and a machine do with it. */
export class EnrollBox {
  readonly api: TestApi;

  constructor(api: TestApi) {
    this.api = api;
  }

  get address(): string {
    return `127.0.0.1:${this.api.port}`;
  }

  /** As an operator, unless told as whom. */
  async ask(path: string, { method = 'GET', body, identity }: PinnedRequest = {}) {
    const { operator, identity: box } = this.api;
    const who = identity ?? { cert: operator.certificate, key: operator.key };
    const pin = { of: 'key', sha256: box.fingerprint } as const;
    const length: Record<string, string> =
      typeof body === 'string' ? { 'content-length': String(Buffer.byteLength(body)) } : {};
    const request = { method, headers: length, identity: who, ...(body === undefined ? {} : { body }) };
    const answer = await askPinned(new URL(path, this.api.url), pin, request);
    return { status: answer.status, text: answer.body.toString('utf8') };
  }

  /** As somebody without a certificate. */
  async anonymous(path: string, { method = 'GET', headers = {}, body }: PinnedRequest) {
    const pin = { of: 'key', sha256: this.api.identity.fingerprint } as const;
    const length: Record<string, string> =
      typeof body === 'string' ? { 'content-length': String(Buffer.byteLength(body)) } : {};
    const request = { method, headers: { ...headers, ...length }, ...(body === undefined ? {} : { body }) };
    const answer = await askPinned(new URL(path, this.api.url), pin, request);
    return { status: answer.status, text: answer.body.toString('utf8') };
  }

  async post(path: string, body: object = {}, identity?: PinnedRequest['identity']) {
    return await this.ask(path, {
      method: 'POST',
      body: JSON.stringify(body),
      ...(identity && { identity }),
    });
  }

  async invite(asked: InvitationRequest = {}): Promise<InvitationAnswer & { parsed: Invitation }> {
    const { text } = await this.post('/v1/invitations', asked);
    const answer = InvitationAnswerSchema.parse(JSON.parse(text));
    const parsed = parseInvitation(answer.invitation);
    if (typeof parsed === 'string') throw new Error(parsed);
    return { ...answer, parsed };
  }

  async nodes(): Promise<NodeList['nodes']> {
    return NodeListSchema.parse(JSON.parse((await this.ask('/v1/nodes')).text)).nodes;
  }

  async approve(id: string, request: string, reason = 'known machine') {
    return await this.post(`/v1/nodes/${id}/approve`, { request, reason });
  }

  /** A machine that was invited, and is let in as soon as it asks. */
  async member(name = 'n1', store?: NodeStore): Promise<{ member: Member; store: NodeStore }> {
    const own = store ?? (await freshStore());
    const { parsed } = await this.invite();
    return { member: await this.joinWith(own, parsed, name), store: own };
  }

  async joinWith(
    store: NodeStore,
    invitation: Pick<Invitation, 'box' | 'pin'> & Partial<Invitation>,
    name = 'n1',
  ) {
    return await enroll(
      store,
      invitation,
      { name, role: 'agent', inventory },
      {
        waiting: ({ id, request }) => void this.approve(id, request),
        wall: Date.now,
        pollMs: 20,
        signal: never,
      },
    );
  }
}

/** Ended with the test. */
export async function startBox(
  options: NonNullable<Parameters<typeof startTestApi>[1]> = {},
): Promise<EnrollBox> {
  const api = await startTestApi(() => undefined, options);
  onTestFinished(() => api.close());
  return new EnrollBox(api);
}

export async function freshStore(): Promise<NodeStore> {
  return new NodeStore(join(await freshPath(), 'node'));
}

/** A directory that is gone with the test. */
export async function freshPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cpiab-node-'));
  onTestFinished(() => removeTree(directory));
  return directory;
}
