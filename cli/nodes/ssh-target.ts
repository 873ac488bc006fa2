import { CpiabError } from '../../contract/errors.ts';

/** A machine that is reached by SSH. */
export interface SshTarget {
  user: string;
  host: string;
  port: number;
}

const SHAPE = /^(?<user>[a-z_][a-z0-9_-]*)@(?<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?<port>\d{1,5}))?$/i;
/** As ssh-keygen(1) prints it: base64 of 32 bytes without its padding. */
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** @param text `user@host` or `user@host:port`; an IPv6 address in brackets. @throws CpiabError E1506. */
export function parseSshTarget(text: string): SshTarget {
  const { user = '', host = '', port = '22' } = SHAPE.exec(text)?.groups ?? {};
  if (host === '' || Number(port) < 1 || Number(port) > 65_535)
    throw new CpiabError('E1506', { subject: text });
  return { user, host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** @throws CpiabError E1507 for what is no fingerprint, or none at all: no key is trusted because it came first. */
export function requireFingerprint(text: string | undefined): string {
  const given = text?.replace(/=$/, '') ?? '';
  if (!FINGERPRINT.test(given))
    throw new CpiabError('E1507', { subject: '--host-key', args: [text ?? 'nothing'] });
  return given;
}
