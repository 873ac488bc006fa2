import { z } from 'zod';
import { isGuarded } from './guarded.ts';
import { sha256 } from './sha256.ts';

/** An address without a name and password in it: a bundle set lies in Git. */
const address = (protocol: RegExp, error: string) =>
  z
    .url({ protocol, error })
    .refine((text) => !/^[a-z]+:\/\/[^/]*:[^/]*@/.test(text), `${error} without a password`);

/** An https address, or one of this machine: what comes from there is trusted without a digest. */
export const guardedAddress = address(/^https?$/, 'expected an https address').refine(
  (text) => URL.canParse(text) && isGuarded(new URL(text)),
  'expected an https address',
);

/** A file that a server has. */
export const PublishedFileSchema = z
  .strictObject({
    url: address(/^https?$/, 'expected an https address'),
    /** Name within the bundle's files; parts with a slash between. */
    path: z
      .string()
      .regex(
        /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.+-]+(?:\/[\w.+-]+)*$/,
        'expected a name such as tools/kubectl, with letters, digits, dots, hyphens and plus signs',
      ),
    /** What its content must be, whatever the server has. */
    sha256: sha256.optional(),
  })
  .refine(
    ({ url, sha256: pinned }) => pinned !== undefined || !URL.canParse(url) || isGuarded(new URL(url)),
    {
      path: ['url'],
      message: 'expected an https address, or sha256 beside it',
    },
  );
export type PublishedFile = z.infer<typeof PublishedFileSchema>;

/** A Git repository that a server has, at one commit. */
export const GitSourceSchema = z.strictObject({
  url: address(/^(?:https?|ssh)$/, 'expected an https or ssh address').refine(
    (text) => !text.startsWith('http://') || (URL.canParse(text) && isGuarded(new URL(text))),
    'expected an https or ssh address',
  ),
  /** A branch, a tag, either with `refs/…` before it, or a whole commit. Source: git-check-ref-format(1). */
  ref: z
    .string()
    .regex(
      /^(?!.*(?:\.\.|\/\/|\.lock(?:\/|$)|[./]$))\w[\w./+-]*$/,
      'expected a branch, a tag or a commit of 40 digits',
    ),
});
export type GitSource = z.infer<typeof GitSourceSchema>;
