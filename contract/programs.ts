import { z } from 'zod';

/** One Go program compiled from upstream modules: an entry of `supply/go/programs.yaml`. */
export const ProgramSchema = z.strictObject({
  name: z.string(),
  /** Folder below `supply/go`, with go.mod and go.sum. */
  dir: z.string(),
  /** File name and package of each command. */
  outputs: z.array(z.strictObject({ bin: z.string(), package: z.string() })).min(1),
  /** Go build tags. */
  tags: z.array(z.string()),
  /** String variables set at link time (`-X name=value`). */
  variables: z.record(z.string(), z.string()),
  /** What the bill of materials names; the first one is the program itself. */
  modules: z.array(z.strictObject({ module: z.string(), version: z.string(), licence: z.string() })).min(1),
});
export type Program = z.infer<typeof ProgramSchema>;

export const ProgramsSchema = z.array(ProgramSchema);

/** Programs that every box runs outside containers. */
export const boxPrograms = ['containerd', 'attach', 'registry', 'pod-network'] as const;
