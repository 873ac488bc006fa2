/** A box can't use the seed that it was given. Exit status 2: a person must change something. */
export const seedErrors = {
  E1310: {
    exit: 2,
    says: (names: string) => `more than one volume is labelled CPIAB-SEED: ${names}`,
    hint: 'leave one of them in the machine and start it again',
  },
  E1311: {
    exit: 2,
    says: (why: string) => `the volume cannot be read: ${why}`,
    hint: 'make it again with `./cpiab seed FILE --out seed.iso`',
  },
  E1312: {
    exit: 2,
    says: (asked: string, name: string) =>
      `would name this box ${asked}, but its cluster knows it as ${name}`,
    hint: (_asked: string, name: string) => `write \`hostname: ${name}\`, or install the box anew`,
  },
  E1313: {
    exit: 2,
    says: (extension: string) => `a seed's volume is an .iso or .img file, not ${extension}`,
    hint: 'write it as --out seed.iso, or --out seed.img for FAT',
  },
  E1314: {
    exit: 2,
    says: (asked: string, found: string) =>
      `would make this machine a ${asked}, but its state is that of a ${found}`,
    hint: 'give it the seed that is meant for it, or start it with another data disk',
  },
} as const;
