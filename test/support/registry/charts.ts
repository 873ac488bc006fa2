import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { stringify } from 'yaml';

/** Files of a chart below its folder. */
export function chartFiles(
  name: string,
  {
    metadata = {},
    values = {},
    files = {},
  }: { metadata?: object; values?: object; files?: Record<string, string | Buffer> } = {},
): Record<string, string | Buffer> {
  return {
    'Chart.yaml': stringify({ apiVersion: 'v2', name, version: '1.2.3', appVersion: '4.5', ...metadata }),
    'values.yaml': stringify(values),
    ...files,
  };
}

/** An archive as `helm package` writes it: a tar with gzip, all below one folder. */
export async function chartArchive(
  name: string,
  content?: Parameters<typeof chartFiles>[1],
): Promise<Buffer> {
  const archive = pack();
  for (const [path, bytes] of Object.entries(chartFiles(name, content)))
    archive.entry({ name: `${name}/${path}`, mtime: new Date(0) }, bytes);
  archive.finalize();
  return gzipSync(await buffer(archive));
}
