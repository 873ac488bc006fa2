import { createHash } from 'node:crypto';
import { type FileServer, startFileServer } from './file-server.ts';

const FOLDER = '/download/v1.36.3+k3s1/';

export const engineVersion = 'v1.36.3+k3s1';

/** A server that has the files of a release of k3s, as far as anything here reads them. */
export interface ReleaseServer extends FileServer {
  /** Address of the release, without a slash at the end. */
  release: string;
  /** Puts files into the release. */
  publish(files: Record<string, string | Buffer>): void;
  /** The checksums of a release with this binary; of other files too. */
  checksums(binary: string | Buffer, others?: Record<string, string>): string;
}

export async function startReleaseServer(directory: string): Promise<ReleaseServer> {
  const server = await startFileServer(directory);
  return Object.assign(server, {
    release: new URL(FOLDER.replace(/\/$/, ''), server.base).href,
    publish: (files: Record<string, string | Buffer>) => {
      for (const [name, content] of Object.entries(files))
        server.files.set(FOLDER + name, Buffer.from(content));
    },
    checksums: (binary: string | Buffer, others: Record<string, string> = {}) =>
      Object.entries({ k3s: binary, 'k3s-airgap-images-amd64.tar.zst': 'images', ...others })
        .map(([name, content]) => `${createHash('sha256').update(content).digest('hex')}  ${name}\n`)
        .join(''),
  });
}
