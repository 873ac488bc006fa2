import { z } from 'zod';

const address = z.union([z.ipv4('expected an address'), z.ipv6('expected an address')]);

const certificates = z
  .string()
  .max(64 << 10, 'expected at most 64 KiB')
  .regex(
    /^\s*(?:-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$/,
    'expected certificates as PEM',
  );

/** A repository elsewhere whose branch a box follows. */
export const GitPullSchema = z
  .strictObject({
    /** Smart HTTP over TLS; who may read it needs no login. */
    url: z.url({ protocol: /^https$/, error: 'expected an https address' }).refine((text) => {
      const { username, password, search, hash } = new URL(text);
      return [username, password, search, hash].every((part) => part === '');
    }, 'expected an address without login, query or fragment'),
    /** Default `main`. */
    branch: z
      .string()
      .regex(
        /^(?!.*(?:\.\.|\/\/|\/$|\.lock$|\.$))[A-Za-z0-9][\w./-]{0,100}$/,
        'expected the name of a branch',
      )
      .default('main'),
    /** Where the host of `url` is, as a box asks no name server. Needed unless `url` has an address itself. */
    address: address.optional(),
    /** Certificates to trust for it instead of the system's, PEM. */
    ca: certificates.optional(),
    /** Minutes from one look to the next. Default 15. */
    everyMinutes: z.int('expected a whole number of minutes').min(1).max(10_080).default(15),
  })
  .superRefine((pull, context) => {
    if (pull.address !== undefined || hostAddress(pull.url) !== null) return;
    const message = 'expected the address of the host in `url`, as a box asks no name server';
    context.addIssue({ code: 'custom', path: ['address'], input: pull.address, message });
  });
export type GitPull = z.infer<typeof GitPullSchema>;

/** The address that a URL has in place of a name; null where it has a name. */
function hostAddress(url: string): string | null {
  const host = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
  return address.safeParse(host).data ?? null;
}

/** Where a box connects to: the only place outside that it ever asks. */
export function pullTarget({ url, address: given }: GitPull): { address: string; port: number } {
  const { port } = new URL(url);
  return { address: given ?? hostAddress(url) ?? '', port: port === '' ? 443 : Number(port) };
}
