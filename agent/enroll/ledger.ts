import { join } from 'node:path';
import { z } from 'zod';
import { NodeIdSchema, NodeInventorySchema, nodeStates } from '../../contract/enroll.ts';
import { nodeRoles, RegistryMaterialSchema } from '../../contract/join-material.ts';
import { sha256 } from '../../contract/sha256.ts';
import { writeAtomic } from '../../host/files.ts';
import { LineFile } from '../audit/file.ts';

const Time = z.int().nonnegative();

export const InvitationRecordSchema = z.strictObject({
  id: z.string(),
  /** SHA-256 of the secret: 32 random bytes need no slower hash. */
  secret: sha256,
  role: z.enum(nodeRoles),
  name: z.string().optional(),
  machineId: z.string().optional(),
  mac: z.string().optional(),
  key: sha256.optional(),
  expires: Time,
  by: z.string(),
  /** SHA-256 of the key that used it; null until then. */
  usedBy: sha256.nullable(),
  /** When it was taken back: at a restore, nobody knows what was used since. */
  void: z.boolean(),
});
export type InvitationRecord = z.infer<typeof InvitationRecordSchema>;

const CertificateRecordSchema = z.strictObject({
  fingerprint: sha256,
  serial: z.string(),
  notAfter: Time,
});

export const NodeRecordSchema = z.strictObject({
  id: NodeIdSchema,
  name: z.string(),
  role: z.enum(nodeRoles),
  state: z.enum(nodeStates),
  key: sha256,
  /** DER of SubjectPublicKeyInfo, base64. */
  spki: z.base64(),
  request: sha256,
  address: z.string(),
  invitation: z.string().nullable(),
  requested: Time,
  /** End of the request, or of the approval. */
  expires: Time,
  reason: z.string(),
  inventory: NodeInventorySchema.nullable(),
  /** Newest first; older ones until they end. */
  certificates: z.array(CertificateRecordSchema),
  /** What the node was given last, PEM: an answer that was lost is given again. */
  issued: z.strictObject({ certificate: z.string(), chain: z.string(), root: z.string() }).nullable(),
  nonces: z.array(z.string()),
  witnessed: z.int().nonnegative().nullable(),
  revokedAt: Time.nullable(),
  /** When it was given last what it joins the cluster with. */
  joining: Time.nullable().default(null),
  /** When the cluster first said that it is ready, since it joined last. */
  ready: Time.nullable().default(null),
  /** It has ended here, and the cluster has still to be told. */
  leaving: z.boolean().default(false),
  /** Of a control plane: the registry that it serves nodes from. */
  registry: RegistryMaterialSchema.nullable().default(null),
});
export type NodeRecord = z.infer<typeof NodeRecordSchema>;

const EntrySchema = z.strictObject({
  at: Time,
  invitations: z.array(InvitationRecordSchema).optional(),
  nodes: z.array(NodeRecordSchema).optional(),
});
type Entry = z.infer<typeof EntrySchema>;
export type Change = Omit<Entry, 'at'>;

/** A ledger is written anew when it has so many lines more than there are records to keep. */
const MOST_LINES_MORE = 5000;
/** Records are kept so long after they have ended. */
const KEPT_MS = 24 * 3_600_000;

interface Waiting {
  change: Change;
  done: () => void;
  failed: (error: unknown) => void;
}

/**
 * Invitations and nodes, in memory and in a file of lines that only grows: a line has all records of one change, so
 * that after a cut either all of it was made or nothing. What waits while one line is written shares the next.
 */
export class Ledger {
  readonly invitations = new Map<string, InvitationRecord>();
  readonly nodes = new Map<string, NodeRecord>();
  /** Nodes by their key. A key belongs to one node only. */
  readonly byKey = new Map<string, NodeRecord>();
  readonly #byName = new Map<string, Set<string>>();
  /** Time of the newest line: the clock may have been set back since. */
  lastSeen = 0;
  readonly #path: string;
  /** Null when nobody knows what the file has: then the next change looks. */
  #file: LineFile | null = null;
  /** Lines that are too few to look whether the file should be written anew. */
  #short = 0;
  #waiting: Waiting[] = [];
  #writing = false;
  readonly #wall: () => number;

  private constructor(path: string, wall: () => number) {
    this.#path = path;
    this.#wall = wall;
  }

  static async open(directory: string, wall: () => number): Promise<Ledger> {
    const ledger = new Ledger(join(directory, 'ledger'), wall);
    ledger.#file = await opened(ledger.#path, (line) => ledger.#take(EntrySchema.parse(JSON.parse(line))));
    await ledger.#shorten();
    return ledger;
  }

  /** All that ever had this name and are remembered. */
  named(name: string): NodeRecord[] {
    return [...(this.#byName.get(name) ?? [])].flatMap((id) => this.nodes.get(id) ?? []);
  }

  /** Makes a change. When it returns, the change is on the disk. @throws the file system's error: then nothing changed. */
  async put(change: Change): Promise<void> {
    await new Promise<void>((done, failed) => {
      this.#waiting.push({ change, done, failed });
      if (!this.#writing) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      const entry = {
        at: Math.max(this.#wall(), this.lastSeen),
        invitations: batch.flatMap(({ change }) => change.invitations ?? []),
        nodes: batch.flatMap(({ change }) => change.nodes ?? []),
      };
      try {
        this.#file ??= await opened(this.#path);
        await this.#file.append(JSON.stringify(entry));
        this.#take(entry);
        for (const { done } of batch) done();
        await this.#shorten();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#writing = false;
  }

  #take({ at, invitations = [], nodes = [] }: Entry): void {
    this.lastSeen = Math.max(this.lastSeen, at);
    for (const invitation of invitations) this.invitations.set(invitation.id, invitation);
    for (const node of nodes) {
      this.#unname(node.id);
      this.nodes.set(node.id, node);
      this.byKey.set(node.key, node);
      this.#byName.set(node.name, (this.#byName.get(node.name) ?? new Set()).add(node.id));
    }
  }

  #forget({ id, key }: NodeRecord): void {
    this.#unname(id);
    this.nodes.delete(id);
    if (this.byKey.get(key)?.id === id) this.byKey.delete(key);
  }

  #unname(id: string): void {
    const { name = '' } = this.nodes.get(id) ?? {};
    const ids = this.#byName.get(name);
    if (ids?.delete(id) === true && ids.size === 0) this.#byName.delete(name);
  }

  /** Writes what is remembered in place of all lines that led to it. A cut leaves those, or the new ones. */
  async #shorten(): Promise<void> {
    const { length } = this.#file ?? { length: 0 };
    if (length <= this.#short) return;
    this.#forgetOld();
    this.#short = this.invitations.size + this.nodes.size + MOST_LINES_MORE;
    if (length <= this.#short) return;
    const before = this.#file;
    this.#file = null;
    await before?.close();
    // Where the disk has no room, the old lines are as good.
    await writeAtomic(this.#path, this.#text(), { mode: 0o600 }).catch(() => {
      this.#short = length + MOST_LINES_MORE;
    });
  }

  #forgetOld(): void {
    const old = this.lastSeen - KEPT_MS;
    for (const { id, expires } of this.invitations.values()) if (expires < old) this.invitations.delete(id);
    for (const node of this.nodes.values()) if (isOver(node) && node.expires < old) this.#forget(node);
  }

  #text(): string {
    const entries: Change[] = [
      // Also where nothing is left to remember, the time of the newest line is.
      {},
      ...[...this.invitations.values()].map((invitation) => ({ invitations: [invitation] })),
      ...[...this.nodes.values()].map((node) => ({ nodes: [node] })),
    ];
    return entries.map((entry) => `${JSON.stringify({ at: this.lastSeen, ...entry })}\n`).join('');
  }
}

async function opened(path: string, onLine: (line: string) => void = () => {}): Promise<LineFile> {
  return (await LineFile.open(path, onLine)).file;
}

/** Once its time has passed. A revoked key is remembered for ever; what nobody decided in time is over too. */
const isOver = ({ state, revokedAt, leaving }: NodeRecord) =>
  revokedAt === null && !leaving && state !== 'joined';
