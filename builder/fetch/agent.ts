import { join } from 'node:path';
import { build } from 'esbuild';
import type { CachedFile } from '../../host/cache.ts';
import type { Component } from '../bundle/sbom.ts';
import type { BuildHost } from '../host.ts';
import { agentComponents } from './components.ts';

/** Bundles the agent with everything it imports into one module. */
export async function bundleAgent(host: BuildHost): Promise<{ file: CachedFile; components: Component[] }> {
  const result = await build({
    entryPoints: [join(host.repository, 'agent', 'main.ts')],
    absWorkingDir: host.repository,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    minify: true,
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
  return { file: await host.cache.put(output.contents), components: await agentComponents(inputs) };
}
