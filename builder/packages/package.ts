/** Who installed a package, as package URLs name it. Source: the purl specification's list of types. */
export type PackageType = 'deb' | 'apk' | 'golang' | 'npm' | 'pypi';

/** One package that a file of an image says is installed. */
export interface FoundPackage {
  type: PackageType;
  name: string;
  version: string;
  /** SPDX expression or words, as the package says; null when it says nothing. */
  licence: string | null;
  arch?: string;
}
