import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { GrantSchema, JoinRequestSchema, MembershipSchema } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { RegistryMaterialSchema } from '../../contract/join-material.ts';
import { sha256 } from '../../contract/sha256.ts';
import { syncDirectory, writeAtomic } from '../../host/files.ts';

/** What a node shows: key and certificate, PEM. */
export interface Shown {
  key: string;
  cert: string;
}

const BoxSchema = z.strictObject({ box: z.string(), pin: sha256 });

/** A request that was sent or is about to be: sent again, it is the same. */
const AskedSchema = z.strictObject({ ...BoxSchema.shape, body: z.string() });
export type Asked = z.infer<typeof AskedSchema>;

/** What a node is: whom it belongs to, by which certificate, and what it has seen of the box's log. */
const MemberSchema = z.strictObject({ ...BoxSchema.shape, grant: GrantSchema });
export type Member = z.infer<typeof MemberSchema>;

/** What a node knows of the cluster that it has joined, or is about to. The token is not in it. */
const JoinedClusterSchema = z.strictObject({
  servers: z.array(z.ipv4()).min(1),
  /** Where images are, the box's first. */
  registries: z.array(RegistryMaterialSchema),
  /** Other machines that a control plane lets in. */
  peers: z.array(z.ipv4()).default([]),
  /** This node's own, by which etcd knows it; null on an agent. */
  address: z.ipv4().nullable().default(null),
  /** Whom a control plane gives images, by their keys, and until when. */
  members: MembershipSchema.shape.members,
});
export type JoinedCluster = z.infer<typeof JoinedClusterSchema>;

/** What a node keeps: its key, which never leaves it, what it has asked, and what it was given. Each file is whole or not there. */
export class NodeStore {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The node's key; made at first use. */
  async key(): Promise<{ pem: string; key: KeyObject; fingerprint: string }> {
    const path = join(this.directory, 'node.key');
    const known = await textOf(path);
    const pem =
      known ??
      generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ format: 'pem', type: 'pkcs8' })
        .toString();
    if (known === null) {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      await writeAtomic(path, pem, { mode: 0o600 });
    }
    const key = createPrivateKey(pem);
    const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
    return { pem, key, fingerprint: createHash('sha256').update(spki).digest('hex') };
  }

  asked(): Promise<Asked | null> {
    return this.#read('request.json', AskedSchema);
  }

  async ask(asked: Asked): Promise<void> {
    JoinRequestSchema.parse(JSON.parse(asked.body));
    await this.#write('request.json', asked);
  }

  member(): Promise<Member | null> {
    return this.#read('node.json', MemberSchema);
  }

  /** @throws CpiabError E1502 on a machine that has not enrolled. */
  async requireMember(): Promise<Member> {
    return (await this.member()) ?? this.#lacks('it has not enrolled');
  }

  /** The node, and what it shows its box. @throws CpiabError E1502 on a machine that has not enrolled. */
  async credential(): Promise<{ member: Member; shown: Shown }> {
    const member = await this.requireMember();
    return { member, shown: { key: (await this.key()).pem, cert: member.grant.certificate } };
  }

  /** From now on this machine is a node; what it had asked is over. */
  async keep(member: Member): Promise<void> {
    await this.#write('node.json', member);
    await rm(join(this.directory, 'request.json'), { force: true });
    await syncDirectory(this.directory);
  }

  cluster(): Promise<JoinedCluster | null> {
    return this.#read('cluster.json', JoinedClusterSchema);
  }

  /** @throws CpiabError E1502 on a machine that was given nothing to join with. */
  async requireCluster(): Promise<JoinedCluster> {
    return (await this.cluster()) ?? this.#lacks('it has joined no cluster');
  }

  async keepCluster(cluster: JoinedCluster): Promise<void> {
    await this.#write('cluster.json', cluster);
  }

  #lacks(what: string): never {
    throw new CpiabError('E1502', { subject: this.directory, args: [what] });
  }

  async #write(name: string, value: unknown): Promise<void> {
    await writeAtomic(join(this.directory, name), `${JSON.stringify(value)}\n`, { mode: 0o600 });
  }

  async #read<T>(name: string, schema: z.ZodType<T>): Promise<T | null> {
    const path = join(this.directory, name);
    const text = await textOf(path);
    if (text === null) return null;
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      throw new CpiabError('E1004', { subject: path, cause });
    }
  }
}

async function textOf(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
