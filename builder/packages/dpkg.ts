import type { FoundPackage } from './package.ts';

/** `var/lib/dpkg/status`, or a file of `status.d` as distroless images have. Source: deb-control(5), dpkg(1). */
export function dpkgPackages(text: string): FoundPackage[] {
  return text.split(/\n\n+/).flatMap((stanza): FoundPackage[] => {
    const field = (name: string) =>
      new RegExp(`^${name}: *(?<value>.*)$`, 'm').exec(stanza)?.groups?.['value']?.trim();
    const [name, version, status, arch] = ['Package', 'Version', 'Status', 'Architecture'].map(field);
    // Files of status.d have no status: they are all installed.
    if (!name || !version || (status !== undefined && !status.endsWith(' installed'))) return [];
    return [{ type: 'deb', name, version, licence: null, ...(arch && { arch }) }];
  });
}
