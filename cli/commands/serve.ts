import { resolve } from 'node:path';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { CpiabError } from '../../contract/errors.ts';
import { formatBytes } from '../../contract/units.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { openWithKey } from '../open-bundle.ts';

export function serveCommand(context: CliContext) {
  return command(
    'serve',
    "serve a bundle's images as a registry: verified first, nothing copied, read-only",
    [
      { line: 'cpiab serve dist/lab/bundle', does: 'check it, then serve it on this machine until Ctrl-C' },
      {
        line: 'cpiab serve bundle --listen 0.0.0.0:443 --tls-cert reg.crt --tls-key reg.key',
        does: 'serve it to others, over TLS',
      },
    ],
  )
    .argument('<directory>', 'a bundle directory; of an ISO: mount it, name its `bundle`')
    .option('--listen <address:port>', 'where it answers', listenAddress, '127.0.0.1:5000')
    .option('--tls-cert <file>', 'certificate in PEM')
    .option('--tls-key <file>', 'its private key in PEM')
    .option('--key <file>', "minisign public key (default: the one of this machine's that signed it)")
    .action(async (path, { key: keyFile, listen, tlsCert, tlsKey }) => {
      const { verifyMedium } = await import('../../builder/verify/verify.ts');
      const { serveRegistry } = await import('../serve/registry.ts');
      const tls = tlsFiles(tlsCert, tlsKey);
      const { medium, key } = await openWithKey(path, keyFile, context);
      if (medium.kind !== 'directory') throw new CpiabError('E1072', { subject: path });
      const { manifest, bytes } = await verifyMedium(medium, key, context.signal);
      const images = Object.keys(manifest.images);
      const charts = Object.keys(manifest.charts);
      const url = `${tls === null ? 'http' : 'https'}://${listen}`;
      await serveRegistry({ storage: resolve(path), listen, tls }, context.signal, () => {
        const document = { url, site: manifest.site, sequence: manifest.sequence, images, charts };
        const first = images[0] ?? charts[0] ?? '';
        const count = `${images.length} images${charts.length > 0 ? ` and ${charts.length} charts` : ''}`;
        const text = `verified ${formatBytes(bytes)}; ${count} at ${url}, such as ${listen}/${first}`;
        context.print(document, `${text}\nCtrl-C ends it`);
      });
    });
}

function listenAddress(text: string): string {
  const { hostname = '', port = '' } = URL.parse(`tcp://${text}`) ?? {};
  if (hostname !== '' && port !== '' && text === `${hostname}:${port}`) return text;
  throw new InvalidArgumentError('expected an address and a port such as 127.0.0.1:5000 or [::1]:5000');
}

function tlsFiles(certificate: string | undefined, key: string | undefined) {
  if (certificate === undefined && key === undefined) return null;
  if (certificate === undefined || key === undefined)
    throw new CpiabError('E1073', { subject: 'cpiab serve' });
  return { certificate: resolve(certificate), key: resolve(key) };
}
