/** Forms a build can write beside the bundle directory. */
export const mediaKinds = ['iso', 'tarball', 'raw', 'qcow2', 'raw.zst'] as const;
export type MediaKind = (typeof mediaKinds)[number];

/** File of each kind, by the site's name. */
export const mediaFile: Record<MediaKind, (site: string) => string> = {
  iso: (site) => `cpiab-${site}.iso`,
  tarball: (site) => `cpiab-${site}.tar.zst`,
  raw: (site) => `cpiab-${site}.raw`,
  qcow2: (site) => `cpiab-${site}.qcow2`,
  'raw.zst': (site) => `cpiab-${site}.raw.zst`,
};

/** Whether a name is that of a disk image: its file systems are not looked into. */
export const isDiskImage = (name: string) => /\.(?:qcow2|raw(?:\.zst)?)$/.test(name);

/** Written unless a site or `--only` says otherwise. */
export const defaultMedia = ['iso', 'tarball'] as const satisfies readonly MediaKind[];
