import { formatBytes } from '../../contract/units.ts';
import { checkContent } from '../verify/content.ts';
import { checkSeal } from '../verify/verify.ts';
import type { Check } from './check.ts';

/** Every file is listed and has its digest, and none is missing. */
export const contentCheck: Check = {
  name: 'content',
  run: async (subject, found) => {
    const { files, bytes } = await checkContent(subject, found, subject.signal);
    return { says: `${files} files, ${formatBytes(bytes)}`, count: files };
  },
};

/** Nothing was changed outside of the listed files, such as the boot loader. */
export const sealCheck: Check = {
  name: 'seal',
  run: async ({ medium, key, signal }) => {
    if (medium.seal === null) return { says: 'a directory has none: all of it is listed', none: true };
    await checkSeal(medium, key, signal);
    return { says: `over the whole ${medium.kind === 'iso' ? 'ISO' : 'tarball'}` };
  },
};
