import { isIP } from 'node:net';
import { isRecord } from '../closed/object.ts';
import { exportOf, exportsFile, parseExports } from '../exports.ts';
import type { Finding } from '../finding.ts';
import { isOpen } from '../world/substitute.ts';
import type { Written } from '../world/world.ts';
import type { RuleContext } from './context.ts';
import { inner, podSpecs } from './pod-specs.ts';

const NFS_PORT = 2049;

/** A volume on an NFS server, wherever it is written. */
interface NfsVolume {
  server: string;
  path: string;
  place: { file: string; object: string };
  lineOf(key: string): number;
}

/** The NAS must export what volumes name, and the site's firewall let the box go to just that server. */
export async function checkNfs({ world, tree, site }: RuleContext): Promise<Finding[]> {
  const volumes = world.objects.flatMap((written) => [...ofVolume(written), ...ofPods(written)]);
  if (volumes.length === 0) return [];
  const [text] = await tree.read([exportsFile]);
  const exported = text == null ? null : parseExports(text);
  const { egress } = site.network;
  return volumes.flatMap(({ server, path, place, lineOf }): Finding[] => {
    const refuse = (rule: 'nfs-path' | 'nfs-egress', key: string, what: string): Finding => ({
      ...{ rule, ...place, line: lineOf(key) },
      what: `${place.object} ${what}`,
    });
    // A site's own Git may have no file of exports: then there is nothing to compare with.
    const reached = exported === null || exportOf(exported, path) !== undefined;
    const allowed = egress.some(
      (one) => one.to === server && one.protocol === 'tcp' && one.port === NFS_PORT,
    );
    return [
      ...(reached || isOpen(path)
        ? []
        : [refuse('nfs-path', 'path', `is ${path}, which the NAS does not export`)]),
      ...(allowed || isOpen(server)
        ? []
        : [refuse('nfs-egress', 'server', `is on ${server}, ${whyNot(server, site.name)}`)]),
    ];
  });
}

const whyNot = (server: string, site: string) =>
  isIP(server) === 0 ? 'which is no address' : `which site ${site} does not let the box reach`;

function ofVolume({ object, source, file }: Written): NfsVolume[] {
  if (object.kind !== 'PersistentVolume') return [];
  return nfsOf(inner(object, 'spec'), {
    place: { file, object: `PersistentVolume/${object.metadata?.name ?? ''}` },
    lineOf: (key) => source.lineOf(['spec', 'nfs', key]),
  });
}

function ofPods(written: Written): NfsVolume[] {
  return podSpecs(written).flatMap(({ content: { volumes }, file, object, lineOf }) =>
    (Array.isArray(volumes) ? volumes : []).flatMap((volume: unknown, index) =>
      isRecord(volume)
        ? nfsOf(volume, { place: { file, object }, lineOf: (key) => lineOf('volumes', index, 'nfs', key) })
        : [],
    ),
  );
}

function nfsOf(holder: Record<string, unknown>, where: Pick<NfsVolume, 'place' | 'lineOf'>): NfsVolume[] {
  const { server, path } = inner(holder, 'nfs');
  return typeof server === 'string' && typeof path === 'string' ? [{ server, path, ...where }] : [];
}
