import { createHash, createPublicKey, type KeyObject, verify, type webcrypto } from 'node:crypto';

/** What an SSH signature says: who signed, and whether the bytes are theirs. */
export interface SshSignature {
  /** The key as `authorized_keys` has it: type and base64, without a comment. */
  key: string;
  good: boolean;
}

const BEGIN = '-----BEGIN SSH SIGNATURE-----';
const END = '-----END SSH SIGNATURE-----';
const MAGIC = Buffer.from('SSHSIG');
/** Git's namespace: a signature made for something else must not count (git, gpg-interface.c). */
const NAMESPACE = 'git';

/**
 * Checks an armoured SSH signature. The box has no ssh-keygen, and needs three key types only.
 * Source: OpenSSH, PROTOCOL.sshsig; RFC 4253 section 6.6, RFC 5656, RFC 8332, RFC 8709.
 * @throws Error when it is not such a signature, or of a kind that is not taken.
 */
export function checkSshSignature(armoured: string, message: Buffer): SshSignature {
  const text = armoured.trim();
  if (!text.startsWith(BEGIN) || !text.endsWith(END)) throw new Error('not an SSH signature');
  const blob = new Fields(Buffer.from(text.slice(BEGIN.length, -END.length).replace(/\s/g, ''), 'base64'));
  if (!blob.raw(MAGIC.length).equals(MAGIC) || blob.number() !== 1) throw new Error('not an SSH signature');
  const [key, namespace, reserved, hash, signature] = [
    blob.field(),
    blob.field(),
    blob.field(),
    blob.field(),
    blob.field(),
  ];
  if (namespace.toString() !== NAMESPACE) throw new Error(`made for ${namespace.toString()}, not for git`);
  const algorithm = hash.toString();
  if (algorithm !== 'sha256' && algorithm !== 'sha512') throw new Error(`hash ${algorithm} is not taken`);
  const digest = createHash(algorithm).update(message).digest();
  const signed = Buffer.concat([MAGIC, ...[namespace, reserved, hash, digest].flatMap(withLength)]);
  const type = new Fields(key).field().toString();
  return { key: `${type} ${key.toString('base64')}`, good: isGood(key, new Fields(signature), signed) };
}

function isGood(key: Buffer, signature: Fields, signed: Buffer): boolean {
  const fields = new Fields(key);
  const type = fields.field().toString();
  const algorithm = signature.field().toString();
  const bytes = signature.field();
  if (type === 'ssh-ed25519') {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: fields.field().toString('base64url') };
    return algorithm === type && verify(null, signed, fromJwk(jwk), bytes);
  }
  if (type === 'ssh-rsa') return isGoodRsa(fields, algorithm, signed, bytes);
  if (type.startsWith('ecdsa-sha2-')) return algorithm === type && isGoodEcdsa(fields, signed, bytes);
  throw new Error(`keys of type ${type} are not taken`);
}

/** SHA-1 (`ssh-rsa`) and short keys are not taken. Source: RFC 8332 section 3. */
function isGoodRsa(fields: Fields, algorithm: string, signed: Buffer, bytes: Buffer): boolean {
  const hash = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }[algorithm];
  if (hash === undefined) throw new Error(`signatures of type ${algorithm} are not taken`);
  const [e, n] = [unsigned(fields.field()), unsigned(fields.field())];
  if (n.length < 256) throw new Error('RSA keys of less than 2048 bits are not taken');
  return verify(
    hash,
    signed,
    fromJwk({ kty: 'RSA', e: e.toString('base64url'), n: n.toString('base64url') }),
    bytes,
  );
}

const CURVES: Readonly<Record<string, { crv: string; size: number; hash: string }>> = {
  nistp256: { crv: 'P-256', size: 32, hash: 'sha256' },
  nistp384: { crv: 'P-384', size: 48, hash: 'sha384' },
  nistp521: { crv: 'P-521', size: 66, hash: 'sha512' },
};

/** Source: RFC 5656 sections 3.1 and 3.1.2. */
function isGoodEcdsa(fields: Fields, signed: Buffer, bytes: Buffer): boolean {
  const curve = CURVES[fields.field().toString()];
  const point = fields.field();
  // Only uncompressed points (SEC 1 section 2.3.3) are written by OpenSSH.
  if (curve === undefined || point.length !== 1 + 2 * curve.size || point[0] !== 4)
    throw new Error('not a key of a known curve');
  const { crv, size, hash } = curve;
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)].map((part) =>
    part.toString('base64url'),
  );
  const parts = new Fields(bytes);
  const [r, s] = [unsigned(parts.field()), unsigned(parts.field())];
  if (r.length > size || s.length > size) return false;
  const plain = Buffer.concat([Buffer.alloc(size - r.length), r, Buffer.alloc(size - s.length), s]);
  const key = fromJwk({ kty: 'EC', crv, x: x ?? '', y: y ?? '' });
  return verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, plain);
}

const fromJwk = (key: webcrypto.JsonWebKey): KeyObject => createPublicKey({ key, format: 'jwk' });

/** A number of SSH without the zero octet that keeps it positive (RFC 4251 section 5, `mpint`). */
const unsigned = (mpint: Buffer) => mpint.subarray(mpint[0] === 0 ? 1 : 0);

function withLength(field: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(field.length);
  return [length, field];
}

/** Reads fields one after another. Source: RFC 4251 section 5. */
class Fields {
  #rest: Buffer;

  constructor(bytes: Buffer) {
    this.#rest = bytes;
  }

  raw(count: number): Buffer {
    if (count > this.#rest.length) throw new Error('cut off');
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }

  number(): number {
    return this.raw(4).readUInt32BE();
  }

  field(): Buffer {
    return this.raw(this.number());
  }
}
