interface Version {
  major: number;
  minor: number;
  patch: number;
}

/**
 * Whether one server may go up from a version of Kubernetes to another: within its minor version, or to the
 * next one. Source: Kubernetes, "Version Skew Policy", and kubeadm's documentation of upgrades.
 */
export function mayGo(from: string, to: string): boolean {
  const [old, fresh] = [parsed(from), parsed(to)];
  if (old.major !== fresh.major) return false;
  return fresh.minor === old.minor + 1 || (fresh.minor === old.minor && fresh.patch >= old.patch);
}

/** Whether it may go back: only within a minor version, all of which store the same. */
export function mayGoBack(from: string, to: string): boolean {
  const [old, other] = [parsed(from), parsed(to)];
  return old.major === other.major && old.minor === other.minor;
}

function parsed(version: string): Version {
  const [, major, minor, patch] = /^v(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  return { major: Number(major), minor: Number(minor), patch: Number(patch) };
}
