/** Forms a build can write beside the bundle directory. */
export const mediaKinds = ['iso', 'tarball'] as const;
export type MediaKind = (typeof mediaKinds)[number];
