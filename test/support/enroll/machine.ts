import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { NodeStore } from '../../../agent/join/store.ts';
import { mintPossession } from '../../../agent/pki/mint.ts';
import { makeRequest } from '../../../agent/pki/request.ts';
import type { JoinRequest } from '../../../contract/enroll.ts';
import type { Invitation } from '../../../contract/invitation.ts';
import { type EnrollBox, inventory } from './box.ts';

/** A machine that says to a box whatever a test wants, by one key and certificate. */
export class Machine {
  readonly #box: EnrollBox;
  /** PEM. */
  readonly key: string;
  readonly cert: string;

  constructor(box: EnrollBox, key: string, cert: string) {
    this.#box = box;
    this.key = key;
    this.cert = cert;
  }

  /** With a new key that nobody knows. */
  static async make(box: EnrollBox): Promise<Machine> {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    return new Machine(box, key, await mintPossession(key));
  }

  /** With what a node was given. */
  static async of(box: EnrollBox, store: NodeStore): Promise<Machine> {
    const { grant } = await store.requireMember();
    return new Machine(box, (await store.key()).pem, `${grant.certificate}${grant.chain}`);
  }

  /** One that shows itself as another. */
  static withKey(box: EnrollBox, { cert }: Machine, key: string): Machine {
    return new Machine(box, key, cert);
  }

  get keyObject(): KeyObject {
    return createPrivateKey(this.key);
  }

  async get(path: string) {
    return await this.#box.ask(path, { identity: { key: this.key, cert: this.cert } });
  }

  /** Posts without a body. */
  async ask(path: string) {
    return await this.#box.ask(path, { method: 'POST', identity: { key: this.key, cert: this.cert } });
  }

  async post(path: string, body: object) {
    return await this.#box.post(path, body, { key: this.key, cert: this.cert });
  }
}

export function requestOf(
  { keyObject }: Machine,
  invitation: Invitation | null,
  more: Partial<JoinRequest> = {},
): JoinRequest {
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'JoinRequest',
    name: 'n1',
    role: 'agent',
    nonce: randomBytes(16).toString('hex'),
    invitation: invitation && { id: invitation.id, secret: invitation.secret },
    csr: makeRequest(keyObject).toString('base64'),
    inventory,
    ...more,
  };
}
