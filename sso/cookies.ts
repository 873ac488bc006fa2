/** `__Host-`: only for this very host, only over TLS (RFC 6265bis, 4.1.3.2). */
export const cookieNames = { session: '__Host-sso', attempt: '__Host-sso-attempt' } as const;

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

export const setCookie = (name: string, value: string, seconds: number) =>
  `${name}=${value}; ${ATTRIBUTES}; Max-Age=${seconds}`;

export const clearCookie = (name: string) => setCookie(name, '', 0);

export function cookieOf(header: string | undefined, name: string): string | undefined {
  const pair = header?.split(';').find((part) => part.trimStart().startsWith(`${name}=`));
  return pair?.trim().slice(name.length + 1);
}
