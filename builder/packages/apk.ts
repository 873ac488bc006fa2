import type { FoundPackage } from './package.ts';

/** `lib/apk/db/installed`: one letter a field. Source: Alpine's apk specification, installed database. */
export function apkPackages(text: string): FoundPackage[] {
  return text.split(/\n\n+/).flatMap((stanza): FoundPackage[] => {
    const field = (letter: string) =>
      new RegExp(`^${letter}:(?<value>.*)$`, 'm').exec(stanza)?.groups?.['value'];
    const [name, version, licence, arch] = ['P', 'V', 'L', 'A'].map(field);
    if (!name || !version) return [];
    return [{ type: 'apk', name, version, licence: licence ?? null, ...(arch && { arch }) }];
  });
}
