import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { CpiabError } from '../../../contract/errors.ts';
import { messageOf } from '../../../contract/message-of.ts';

/** Files of a chart by their path below its folder. */
export type ChartFiles = Map<string, Buffer>;

/** What Helm unpacks at most. Source: MaxDecompressedChartSize in Helm's chart loader. */
const LARGEST = 100 << 20;

/**
 * Reads a chart's archive, a tar with gzip whose entries lie below one folder.
 * @param source path of the archive, or the archive itself where a chart holds another.
 * @param largest bytes of all files together.
 * @throws CpiabError E3030 when it is none.
 */
export async function unpackChart(
  source: string | Buffer,
  subject: string,
  largest = LARGEST,
): Promise<ChartFiles> {
  const stream = typeof source === 'string' ? createReadStream(source) : Readable.from([source]);
  const archive = extract();
  try {
    const unpacked = pipeline(stream, createGunzip(), archive);
    const [files] = await Promise.all([readFiles(archive, largest), unpacked]);
    return files;
  } catch (cause) {
    const why = messageOf(cause);
    throw new CpiabError('E3030', { subject, args: [`its archive cannot be read: ${why}`], cause });
  }
}

async function readFiles(archive: ReturnType<typeof extract>, largest: number): Promise<ChartFiles> {
  const files: ChartFiles = new Map();
  let size = 0;
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) {
      size += (chunk as Buffer).length;
      if (size > largest) throw new Error(`more than ${largest} bytes`);
      chunks.push(chunk as Buffer);
    }
    if (entry.header.type === 'file') files.set(belowFolder(entry.header.name), Buffer.concat(chunks));
  }
  return files;
}

const belowFolder = (name: string) => name.replace(/^(?:\.\/)?[^/]+\//, '');
