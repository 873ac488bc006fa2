import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { NodeStore } from '../agent/join/store.ts';
import { type AuditLogDocument, AuditLogSchema } from '../contract/audit-log.ts';
import type { CargoReceiver } from '../contract/cargo.ts';
import type { BankName } from '../contract/drill/scenario.ts';
import { InvitationAnswerSchema, type NodeList, NodeListSchema } from '../contract/enroll.ts';
import { ports } from '../contract/layout.ts';
import type { PipedProcess } from '../host/piped-process.ts';
import { askProgram, conversation } from './netns/programs.ts';
import { AnswerSchema, type Ask } from './programs/operator.ts';
import type { Credential, Secrets } from './secrets.ts';
import type { PlacedHost, World } from './world.ts';

/** A box that is emulated takes its time. */
const START_MS = 1_800_000;
const JOIN_MS = 300_000;

/** What a host was given by the box that took it in. */
export interface Joined {
  id: string;
  name: string;
}

/** Identifier, and SHA-256 of its key. */
export type BoxName = Pick<CargoReceiver, 'boxId' | 'fingerprint'>;

/** What a box runs in. */
export interface BoxPlace {
  /** Known before the box has been given anything. */
  named(): Promise<BoxName>;
  /** Unless it runs. @param gitBundle makes the one with which a repository begins that its medium does not bring. */
  start(gitBundle: () => Promise<string>): Promise<void>;
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  text: string;
}

/** The box of a bank, as its operators use it: over its API, from its own network. */
export class BankBox {
  readonly #world: World;
  readonly #bank: BankName;
  readonly #secrets: Secrets;
  readonly #place: BoxPlace;
  #named: Promise<BoxName> | undefined;
  #operator: PipedProcess | undefined;
  #lines: AsyncIterator<string> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(world: World, bank: BankName, secrets: Secrets, place: BoxPlace) {
    this.#place = place;
    this.#world = world;
    this.#bank = bank;
    this.#secrets = secrets;
  }

  get host(): PlacedHost {
    return this.#world.host(this.#bank, 'box');
  }

  get address(): string {
    return `${this.host.address}:${ports.api}`;
  }

  /** Who it is: what a cargo is sealed for. */
  async named(): Promise<BoxName> {
    this.#named ??= this.#place.named();
    return await this.#named;
  }

  /** SHA-256 of its key, as its console shows it. */
  async pin(): Promise<string> {
    return (await this.named()).fingerprint;
  }

  /** Starts it unless it runs, and waits until it serves its Git. @param gitBundle makes the one with which its repository begins. */
  async start(gitBundle: () => Promise<string>): Promise<void> {
    await this.#place.start(gitBundle);
    await this.serves();
  }

  async stop(): Promise<void> {
    await this.#place.stop();
  }

  /** Waits until it serves its Git. */
  async serves(): Promise<void> {
    const end = Date.now() + START_MS;
    const refs = `/git/${this.#world.scenario.site}.git/info/refs?service=git-upload-pack`;
    for (;;) {
      const answer = await this.ask(refs, null).catch((error: Error) => error);
      if ('status' in answer && answer.status === 200) return;
      if (Date.now() > end)
        throw new Error(`bank ${this.#bank}'s box does not serve its Git: ${JSON.stringify(answer)}`);
      await sleep(500);
    }
  }

  async nodes(): Promise<NodeList['nodes']> {
    return (await this.#document('/v1/nodes', NodeListSchema)).nodes;
  }

  /** A new invitation. @param name of the only machine that may use it. */
  async invite(name: string, ttl = 900): Promise<string> {
    const body = { role: 'agent', ttl, name };
    return (await this.#document('/v1/invitations', InvitationAnswerSchema, body)).invitation;
  }

  /** Lets a machine in by the request that was seen, in the name of whom the scenario says. */
  async approve(id: string, request: string): Promise<void> {
    await this.#post(`/v1/nodes/${id}/approve`, { request, reason: 'of the plan of this drill' });
  }

  async revoke(id: string): Promise<void> {
    await this.#post(`/v1/nodes/${id}/revoke`, { reason: 'moved to the other bank' });
  }

  /** Its whole audit log. */
  async audit(): Promise<AuditLogDocument> {
    const entries: AuditLogDocument['entries'] = [];
    for (;;) {
      const page = await this.#document(`/v1/audit?from=${entries.length}`, AuditLogSchema);
      entries.push(...page.entries);
      if (page.entries.length === 0 || entries.length >= Number(page.checkpoint.split('\n')[1]))
        return { ...page, from: 0, entries };
    }
  }

  /**
   * Lets a host become a node: invited, seen by the operator, approved, certified.
   * @param used told of the invitation afterwards. @returns what it was given.
   */
  async join(
    host: PlacedHost,
    used: (invitation: string) => Promise<void> = async () => {},
  ): Promise<Joined> {
    const name = `${host.bank}-${host.name}`;
    const directory = join(this.#world.directory(host), 'node');
    const member = await new NodeStore(directory).member();
    if (member !== null) return { id: member.grant.id, name };
    const invitation = await this.invite(name);
    const [granted] = await Promise.all([
      askProgram<Joined>(this.#world, host, 'member', { directory, name, invitation, timeoutMs: JOIN_MS }),
      this.approveWhenAsked(name, JOIN_MS),
    ]);
    await used(invitation);
    return granted;
  }

  /** Lets a machine in once it has asked. */
  async approveWhenAsked(name: string, timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (Date.now() < end) {
      const node = (await this.nodes()).find((one) => one.name === name && one.state !== 'superseded');
      if (node?.state === 'pending') return await this.approve(node.id, node.request);
      if (node?.state === 'joined') return;
      await sleep(500);
    }
    throw new Error(`${name} did not ask to join`);
  }

  /** @param credential of an operator; null for who has none. @throws Error without an answer. */
  async ask(path: string, credential: Credential | null, body?: object): Promise<Answer> {
    const asked: Ask = {
      ...{ url: `https://${this.address}${path}`, pin: await this.pin(), identity: credential },
      body: body === undefined ? null : JSON.stringify(body),
    };
    const answer = this.#turn.then(() => this.#exchange(asked));
    this.#turn = answer.catch(() => {});
    return await answer;
  }

  /** Ends what asks; the box goes on. */
  leave(): void {
    this.#operator?.kill();
    this.#operator = undefined;
  }

  async #exchange(asked: Ask): Promise<Answer> {
    if (this.#operator === undefined) {
      this.#operator = conversation(this.#world, this.#bank, 'operator');
      this.#lines = createInterface({ input: this.#operator.stdout })[Symbol.asyncIterator]();
    }
    this.#operator.stdin.write(`${JSON.stringify(asked)}\n`);
    const next = await this.#lines?.next();
    if (next?.value === undefined) {
      const { stderr } = await this.#operator.ended;
      this.leave();
      throw new Error(`who asks bank ${this.#bank}'s box has ended: ${stderr}`);
    }
    const answer = AnswerSchema.parse(JSON.parse(next.value));
    if ('failed' in answer) throw new Error(answer.failed);
    return answer;
  }

  async #post(path: string, body: object): Promise<string> {
    const { status, text } = await this.ask(path, this.#secrets.banks[this.#bank].join, body);
    if (status >= 300)
      throw new Error(`bank ${this.#bank}'s box answers ${path} with ${status}: ${text.trim()}`);
    return text;
  }

  async #document<T>(path: string, schema: z.ZodType<T>, body?: object): Promise<T> {
    const { status, text } = await this.ask(path, this.#secrets.banks[this.#bank].join, body);
    if (status >= 300)
      throw new Error(`bank ${this.#bank}'s box answers ${path} with ${status}: ${text.trim()}`);
    return schema.parse(JSON.parse(text));
  }
}
