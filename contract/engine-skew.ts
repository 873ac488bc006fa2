/**
 * Whether one server may go from a version of Kubernetes to another: within its minor version, or to the
 * next one. Source: Kubernetes, "Version Skew Policy", and kubeadm's documentation of upgrades.
 */
export function mayGo(from: string, to: string): boolean {
  const [old, fresh] = [minorOf(from), minorOf(to)];
  return old.major === fresh.major && (fresh.minor === old.minor || fresh.minor === old.minor + 1);
}

function minorOf(version: string): { major: number; minor: number } {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  return { major: Number(major), minor: Number(minor) };
}
