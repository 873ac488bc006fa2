import { open } from 'node:fs/promises';
import { fileError } from './input-file.ts';

/** Bytes by which a format is told, and where in the file they are. */
const formats = {
  /** A Zstandard frame. Source: RFC 8878 section 3.1.1. */
  zstd: { at: 0, bytes: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) },
  /** The standard identifier in the first volume descriptor, before GPT: a hybrid has both. Source: ECMA-119 section 8.1.3. */
  iso: { at: 16 * 2048 + 1, bytes: Buffer.from('CD001') },
  /** Source: QEMU, docs/interop/qcow2.rst. */
  qcow2: { at: 0, bytes: Buffer.from('QFI\xfb', 'latin1') },
  /** The header of a GUID partition table. Source: UEFI Specification 2.10, section 5.3.2. */
  gpt: { at: 512, bytes: Buffer.from('EFI PART') },
  /** Source: POSIX.1-2017, pax, ustar interchange format. */
  tar: { at: 257, bytes: Buffer.from('ustar') },
} as const;
export type FileFormat = keyof typeof formats;

/** What a file is by its content; null for all else. @throws CpiabError E1006, E1030…E1033. */
export async function formatOf(path: string): Promise<FileFormat | null> {
  const file = await open(path).catch((cause: unknown) => {
    throw fileError(cause, path);
  });
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(17 * 2048), position: 0 });
    const start = buffer.subarray(0, bytesRead);
    const names = Object.keys(formats) as FileFormat[];
    const has = (name: FileFormat) => {
      const { at, bytes } = formats[name];
      return start.subarray(at, at + bytes.length).equals(bytes);
    };
    return names.find(has) ?? null;
  } finally {
    await file.close();
  }
}
