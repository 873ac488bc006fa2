import { z } from 'zod';

const keyName = z.string().regex(/^[0-9A-F]{16}$/, 'expected 16 upper-case hexadecimal digits');

/**
 * `rotation-<key>.json`: the holder of a site key names the next one. Signed by the old key with minisign
 * (`.minisig` beside it), so that who trusts the old key can trust the new one.
 */
export const KeyRotationSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('KeyRotation'),
  site: z.string(),
  /** Identifier of the key that is retired, as minisign prints it. */
  from: keyName,
  /** The highest sequence that the retired key may have signed. */
  last: z.int().nonnegative(),
  to: z.strictObject({
    key: keyName,
    /** The second line of the new `minisign.pub`; `minisign -P` takes it. */
    publicKey: z.string(),
  }),
});
export type KeyRotation = z.infer<typeof KeyRotationSchema>;

/** Names of the two files, in a bundle, a key directory and a box's state. @param key that is retired. */
export const rotationFiles = (key: string) =>
  ({ statement: `rotation-${key}.json`, signature: `rotation-${key}.json.minisig` }) as const;

/** Whether a file's name is that of a rotation or of its signature. */
export const isRotationFile = (name: string) => /^rotation-[0-9A-F]{16}\.json(?:\.minisig)?$/.test(name);
