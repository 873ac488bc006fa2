import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianPackage } from '../../contract/lock.ts';
import type { Bind, Sandbox } from '../../host/sandbox.ts';
import type { BuildHost } from '../host.ts';
import type { BuildRoot } from './build-root.ts';

/** The locked Go toolchain inside the build root. */
export interface GoToolchain {
  sandbox: Sandbox;
  /** Decides the bytes of what it compiles. */
  key: string;
  /** Where the sources of modules lie, on the host. */
  modules: string;
  /** Module and build caches, shared by all programs and builds. */
  binds: Bind[];
  env: Record<string, string>;
}

/** Below the build root; the version is that of Debian's golang package in the lock. */
const GO_ROOT = '/usr/lib/go-1.26';

/** Settings of the person's own Go that say where modules come from; they never change what is compiled. */
const PASSED = [
  'GOPROXY',
  'GOSUMDB',
  'GONOSUMDB',
  'GOPRIVATE',
  'GONOPROXY',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
];

/** Packages with the Go compiler and its standard library. */
const COMPILER = /^golang-[\d.]+-(?:go|src)$/;

export async function goToolchain({ debs, sandbox }: BuildRoot, host: BuildHost): Promise<GoToolchain> {
  const modules = join(host.cache.root, 'go', 'mod');
  const build = join(host.cache.root, 'go', 'build');
  await mkdir(modules, { recursive: true });
  await mkdir(build, { recursive: true });
  return {
    sandbox,
    key: compilerKey(debs.set('build')),
    modules,
    binds: [
      { source: modules, target: '/go/mod', write: true },
      { source: build, target: '/go/build', write: true },
    ],
    env: {
      ...passedEnvironment(process.env),
      PATH: `${GO_ROOT}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: '/tmp',
      GOROOT: GO_ROOT,
      GOMODCACHE: '/go/mod',
      GOCACHE: '/go/build',
      GOTOOLCHAIN: 'local',
      GOFLAGS: '',
      CGO_ENABLED: '0',
      GOOS: 'linux',
      GOARCH: 'amd64',
      GOAMD64: 'v1',
    },
  };
}

/** Programs are static, so of the root only the compiler is in them. @param root packages of the build root. */
export function compilerKey(root: readonly DebianPackage[]): string {
  const packages = root.filter(({ name }) => COMPILER.test(name));
  return createHash('sha256')
    .update(['go', ...packages.map(({ sha256 }) => sha256)].join(' '))
    .digest('hex');
}

function passedEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = PASSED.map((name) => [name, env[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
