/** Paths that a host keeps for the login; an app behind it never gets them. */
export const paths = { callback: '/_sso/callback', signOut: '/_sso/sign-out' } as const;

export const callbackOf = (host: string) => `https://${host}${paths.callback}`;
