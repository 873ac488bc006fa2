import { CpiabError } from './errors.ts';
import { sha256 } from './sha256.ts';

/** What a machine needs to ask a box for membership, on one line: where the box is, which key it has, and a secret that counts once. */
export interface Invitation {
  /** Host name or address, and port; an IPv6 address stands in brackets. */
  box: string;
  /** SHA-256 of the public key that the box must present, 64 hexadecimal digits. */
  pin: string;
  id: string;
  /** 32 bytes, base64url. */
  secret: string;
}

const SHAPE = /^cpiab1\.(?<box>.+:\d{1,5})\.(?<pin>[^.]*)\.(?<id>[0-9a-f]{16})\.(?<secret>[\w-]{43})$/;

export function formatInvitation({ box, pin, id, secret }: Invitation): string {
  return `cpiab1.${box}.${pin}.${id}.${secret}`;
}

/** @param subject who was given it. @throws CpiabError E1501 with why it is none. */
export function requireInvitation(text: string, subject: string): Invitation {
  const parsed = parseInvitation(text);
  if (typeof parsed === 'string') throw new CpiabError('E1501', { subject, args: [parsed] });
  return parsed;
}

/** @returns the invitation, or why it is none. */
export function parseInvitation(text: string): Invitation | string {
  const given = text.trim();
  if (/^https?:/i.test(given)) return 'it is an address, which has neither a pin nor a secret';
  const groups = SHAPE.exec(given)?.groups;
  if (groups === undefined) return 'expected cpiab1.HOST:PORT.PIN.ID.SECRET';
  const { box = '', pin = '', id = '', secret = '' } = groups;
  if (!sha256.safeParse(pin).success) return 'it has no pin, so any machine could claim to be the box';
  if (!URL.canParse(`https://${box}/`) || new URL(`https://${box}/`).host === '')
    return `${box} is no host and port`;
  return { box, pin, id, secret };
}
