import { createCipheriv, randomBytes } from 'node:crypto';
import { encryptAge } from '../../host/age/age.ts';
import type { Recipient } from '../../host/age/keys.ts';
import type { KubeObject } from '../kube/client.ts';
import { scratchNamespace } from './scratch.ts';

/** What the canary says when it is decrypted: nothing that anybody needs to keep secret. */
export const word = 'decrypted';

const canary: KubeObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'canary', namespace: scratchNamespace },
};

export const canaryPath = `/api/v1/namespaces/${scratchNamespace}/secrets/${canary.metadata.name}`;

/** Bytes of the nonce that SOPS uses with AES-256-GCM. Source: getsops/sops, aes/cipher.go. */
const NONCE = 32;

/**
 * A Secret as SOPS writes it, for one recipient. The box has no SOPS: it never encrypts anything else. There is no
 * code of all values (`mac`), which Flux does not look at. Source: getsops/sops, README "Encryption Protocol";
 * kustomize-controller, internal/decryptor.
 */
export async function canaryFiles(recipient: string, to: Recipient): Promise<Record<string, string>> {
  const key = randomBytes(32);
  const document = {
    ...canary,
    stringData: { word: sealed(word, key, 'stringData:word:') },
    sops: {
      age: [{ recipient, enc: await armored(key, to) }],
      ...{ lastmodified: '2000-01-01T00:00:00Z', mac: sealed('', key, '2000-01-01T00:00:00Z') },
      ...{ encrypted_regex: '^(data|stringData)$', version: '3.10.2' },
    },
  };
  const index = {
    ...{ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' },
    resources: ['canary.json'],
  };
  return { 'kustomization.yaml': JSON.stringify(index), 'canary.json': JSON.stringify(document) };
}

/** @param about the value's place in the document, which is authenticated with it. */
function sealed(text: string, key: Buffer, about: string): string {
  const iv = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(about));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const [first, second, third] = [data, iv, cipher.getAuthTag()].map((bytes) => bytes.toString('base64'));
  return `ENC[AES256_GCM,data:${first},iv:${second},tag:${third},type:str]`;
}

/** Source: C2SP age specification, "ASCII armor". */
async function armored(key: Buffer, to: Recipient): Promise<string> {
  const plain = (async function* () {
    yield key;
  })();
  const parts = await Array.fromAsync(encryptAge(plain, [to]));
  const lines =
    Buffer.concat(parts)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN AGE ENCRYPTED FILE-----\n${lines.join('\n')}\n-----END AGE ENCRYPTED FILE-----\n`;
}
