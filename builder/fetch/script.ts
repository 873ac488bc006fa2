import { join } from 'node:path';
import { build } from 'esbuild';
import type { CachedFile } from '../../host/cache.ts';
import type { Component } from '../bundle/sbom.ts';
import type { BuildHost } from '../host.ts';
import { npmComponents } from './components.ts';

export interface Script {
  file: CachedFile;
  /** The npm packages in it. */
  components: Component[];
}

/**
 * Bundles a program of this repository with everything it imports into one module. One that begins with `#!` does so
 * afterwards too.
 * @param entry path below the repository.
 * @param holders the parts that it ends up in.
 */
export async function bundleScript(entry: string, holders: string[], host: BuildHost): Promise<Script> {
  const result = await build({
    entryPoints: [join(host.repository, entry)],
    absWorkingDir: host.repository,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    minify: true,
    // Some dependencies look for their settings by the names of their classes.
    keepNames: true,
    legalComments: 'none',
    logLevel: 'silent',
    // Some dependencies are CommonJS and call require() for Node's own modules.
    banner: {
      js: "import{createRequire as cpiabRequire}from'node:module';const require=cpiabRequire(import.meta.url);",
    },
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error('esbuild gave no output');
  const inputs = Object.keys(result.metafile.inputs).map((path) => join(host.repository, path));
  return { file: await host.cache.put(output.contents), components: await npmComponents(inputs, holders) };
}
