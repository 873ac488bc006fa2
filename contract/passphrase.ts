import { z } from 'zod';
import { EncryptionSchema } from './encryption.ts';
import { PassphraseSchema } from './seed.ts';

export const passphrasePath = '/v1/passphrase';

/** `POST /v1/passphrase`: what opens the encrypted state of a box, or does so when its TPM does not. */
export const PassphraseChangeSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('PassphraseChange'),
  /** The one that is to go. At a console more can be typed than a new one may have. */
  old: z.string().min(1).max(1024),
  new: PassphraseSchema,
});
export type PassphraseChange = z.infer<typeof PassphraseChangeSchema>;

/** The old one opens the state no more. */
export const PassphraseChangedSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('PassphraseChanged'),
  /** What opens the state at a start. */
  encryption: EncryptionSchema,
});
export type PassphraseChanged = z.infer<typeof PassphraseChangedSchema>;
