import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cache } from '../../host/cache.ts';
import { linkOrCopy } from '../../host/files.ts';
import type { Sandbox, SandboxOptions } from '../../host/sandbox.ts';

/** Runs a tool of the build root; the scratch directory is `/scratch` there, and its working directory. */
export type RunTool = (argv: string[], options?: SandboxOptions) => Promise<unknown>;

/** What the tools are run with. */
export interface ToolContext {
  /** Seconds since the epoch: every time in what they make. */
  epoch: number;
  sandbox: Sandbox;
  signal: AbortSignal;
}

export function toolsIn(scratch: string, { epoch, sandbox, signal }: ToolContext): RunTool {
  return async (argv, options = {}) =>
    await sandbox.run(argv, {
      binds: [{ source: scratch, target: '/scratch', write: true }],
      cwd: '/scratch',
      env: { SOURCE_DATE_EPOCH: String(epoch) },
      signal,
      ...options,
    });
}

export interface ImageContext extends ToolContext {
  /** Where the finished image goes. */
  out: string;
  cache: Cache;
}

/**
 * Makes an image in a scratch directory of its own, then gives it its place; on another file system than the
 * cache that is a copy.
 * @param image name that the image has in the scratch directory.
 */
export async function makeImage(
  image: string,
  context: ImageContext,
  write: (run: RunTool, scratch: string) => Promise<void>,
): Promise<void> {
  const { cache, out } = context;
  const scratch = await cache.scratch('image');
  try {
    await write(toolsIn(scratch, context), scratch);
    await rename(join(scratch, image), out).catch(async () => {
      await linkOrCopy(join(scratch, image), out);
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
