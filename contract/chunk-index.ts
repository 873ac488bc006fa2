import { z } from 'zod';
import { DigestSchema } from './manifest.ts';

/** Bytes of every chunk of a medium but the last, which may be shorter. */
export const chunkBytes = 1 << 20;
/** A medium of 1 TiB. It bounds what a reader of an index holds in memory. */
const mostChunks = 1 << 20;

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');

/**
 * The chunk index of one medium, `<medium>.chunks.json`, signed with minisign beside it. It vouches for each
 * chunk alone, wherever the chunk lies: in the medium, in any volume of it, or in a damaged copy.
 */
export const ChunkIndexSchema = z
  .strictObject({
    apiVersion: z.literal('cpiab.dev/v1'),
    kind: z.literal('ChunkIndex'),
    site: z.string(),
    /** Of the bundle that the medium holds. */
    sequence: z.int().positive(),
    revision: z.string(),
    /** File name of the medium; volumes are named after it. One plain name, so that no index leads out of a folder. */
    medium: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9.-]{0,99}$/,
        'expected a file name of lower-case letters, digits, dots and hyphens',
      ),
    /** Bytes of the medium. */
    size: z.int().positive(),
    /** SHA-256 of the medium. */
    digest: DigestSchema,
    chunkSize: z.literal(chunkBytes),
    /** Merkle tree hash over `chunks` (RFC 6962 section 2.1): names the whole list in 64 digits. */
    root: hash,
    /** Leaf hash of each chunk in order: SHA-256 of a zero byte and the chunk (RFC 6962 section 2.1). */
    chunks: z.array(hash).min(1).max(mostChunks, `expected at most ${mostChunks} chunks`),
  })
  .refine(({ size, chunks }) => chunks.length === Math.ceil(size / chunkBytes), {
    path: ['chunks'],
    message: 'expected as many as the size has chunks',
  });
export type ChunkIndex = z.infer<typeof ChunkIndexSchema>;

const SUFFIX = '.chunks.json';

/** Name of a medium's index. */
export const indexName = (medium: string) => `${medium}${SUFFIX}`;

/** The medium that an index of this name is for, or null for another name. */
export function indexedMedium(name: string): string | null {
  return name.endsWith(SUFFIX) && name.length > SUFFIX.length ? name.slice(0, -SUFFIX.length) : null;
}
