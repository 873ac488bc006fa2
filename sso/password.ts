import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** Source: OWASP, Password Storage Cheat Sheet, Argon2id: 19 MiB, two passes, one lane. */
const COST = { memory: 19456, passes: 2, parallelism: 1 };
const SALT = 16;
const TAG = 32;

/** Source: the PHC string format, as the reference implementation of Argon2 writes it. */
const PHC =
  /^\$argon2id\$v=19\$m=(?<memory>\d{1,6}),t=(?<passes>\d{1,2}),p=(?<parallelism>\d{1,2})\$(?<salt>[A-Za-z0-9+/]{11,64})\$(?<tag>[A-Za-z0-9+/]{22,86})$/;

interface Hash {
  cost: typeof COST;
  salt: Buffer;
  tag: Buffer;
}

/** 120 bits, in letters and digits that are easily told apart and typed. */
export function newPassword(): string {
  return (randomBytes(15).toString('hex').match(/.{6}/g) ?? []).join('-');
}

/** `$argon2id$v=19$m=…,t=…,p=…$salt$hash` of a password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT);
  const tag = await derived(password, COST, salt, TAG);
  const { memory, passes, parallelism } = COST;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** @param hash null: of nobody; it takes as long all the same, so that time does not tell who has an account. */
export async function isPassword(password: string, hash: string | null): Promise<boolean> {
  const { cost, salt, tag } = (hash === null ? null : parseHash(hash)) ?? {
    cost: COST,
    salt: Buffer.alloc(SALT),
    tag: null,
  };
  const found = await derived(password, cost, salt, tag?.length ?? TAG);
  return tag !== null && timingSafeEqual(found, tag);
}

export const isHash = (text: string) => parseHash(text) !== null;

function parseHash(text: string): Hash | null {
  const groups = PHC.exec(text)?.groups;
  if (groups === undefined) return null;
  const { memory, passes, parallelism, salt = '', tag = '' } = groups;
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

async function derived(
  message: string,
  cost: typeof COST,
  nonce: Buffer,
  tagLength: number,
): Promise<Buffer> {
  return await derive('argon2id', { ...cost, message: message.normalize('NFC'), nonce, tagLength });
}

const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
