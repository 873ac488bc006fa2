import { type Export, exportOf, exportsFile, parseExports } from '../../policy/exports.ts';
import { nfsAnswers, nfsPort } from '../watch/nfs.ts';
import { listApps } from './apps.ts';
import { asWhom, type ClaimUser, usersOf } from './claim-users.ts';
import { inOrder } from './in-order.ts';
import type { Look } from './look.ts';
import { counted, notApplicable, type Outcome, passUnless, unknown } from './outcome.ts';
import { runPod, shellImage } from './pod.ts';
import { bounded } from './volume-script.ts';

interface PersistentVolume {
  metadata: { name: string };
  spec: {
    nfs?: { server: string; path: string };
    /** Of the CSI driver for NFS. */
    csi?: { driver: string; volumeAttributes?: { server?: string; share?: string } };
    claimRef?: { namespace: string; name: string };
  };
  status?: { phase?: string };
}

/** A volume on an NFS server that a claim has. */
interface NfsVolume {
  name: string;
  server: string;
  path: string;
  namespace: string;
  claim: string;
}

/** One who writes to it. */
interface Use extends NfsVolume {
  by: ClaimUser;
  folder: string;
}

/** `$1` folder, `$2` name of the file, `$3` what is written, `$4` the owner that it must have; `$5`: it stays. */
const WRITE = `
why=$({ rm -f "$1/$2" && echo "$3" >"$1/$2"; } 2>&1) || { echo "cannot be written to: \${why##*: }" && exit 1; }
owner=$(stat -c %u "$1/$2")
[ "$5" = kept ] && [ "$owner" = "$4" ] || rm -f "$1/$2"
[ "$owner" = "$4" ] || { echo "gives what is written to UID $owner, not to $4" && exit 1; }
`;

const READ = `
found=$(cat "$1/$2")
rm -f "$1/$2"
[ "$found" = "$3" ] || { echo 'does not have for the next pod what was written to it' && exit 1; }
`;

/** Pods that start all at once take each other's time. */
const AT_ONCE = 3;

/** What each writes as its own user another pod finds, and it belongs to whom the NAS says. */
export async function checkNfs(look: Look, port = nfsPort): Promise<Outcome> {
  const volumes = await boundVolumes(look);
  if (volumes.length === 0) return notApplicable('no claim of the site is on an NFS server');
  const image = shellImage(look.manifest);
  if (image === undefined) return unknown('the bundle has no image of BusyBox to write with');
  const silent = await silentServers(volumes, port, look.signal);
  const uses = await usesOf(
    volumes.filter(({ server }) => !silent.includes(server)),
    look,
  );
  if (uses.length === 0 && silent.length === 0)
    return notApplicable('no app writes to a volume of an NFS server');
  const exported = await readExports(look);
  const wrong = await inOrder(distinct(uses, exported), AT_ONCE, async (trial) => {
    const why = await tryUse(trial, { look, image });
    const { name, server, path, by } = trial;
    return why === null ? [] : [`${name} (${server}:${path}), for ${asWhom(by)}: ${why}`];
  });
  const users = [...new Set(uses.map(({ by }) => by.user?.runAsUser))].toSorted().join(', ');
  return passUnless(
    [...silent.map((server) => `the NFS server ${server} does not answer`), ...wrong.flat()],
    `${counted(volumes.length, 'volume')} on ${serversOf(volumes).join(', ')}, written to as UID ${users}`,
  );
}

async function boundVolumes({ kube, signal }: Look): Promise<NfsVolume[]> {
  const { items } = await kube.get<{ items: PersistentVolume[] }>('/api/v1/persistentvolumes', signal);
  return items.flatMap(({ metadata, spec, status }) => {
    const place = placeOf(spec);
    const { claimRef } = spec;
    if (place === null || claimRef === undefined || status?.phase !== 'Bound') return [];
    return [{ name: metadata.name, ...place, namespace: claimRef.namespace, claim: claimRef.name }];
  });
}

function placeOf({ nfs, csi }: PersistentVolume['spec']): { server: string; path: string } | null {
  if (nfs !== undefined) return { server: nfs.server, path: nfs.path };
  if (csi?.driver !== 'nfs.csi.k8s.io') return null;
  const { server = '', share = '' } = csi.volumeAttributes ?? {};
  return { server, path: share };
}

const serversOf = (volumes: readonly NfsVolume[]) => [...new Set(volumes.map(({ server }) => server))];

/** What is on them is not tried: each pod would wait until its time is over. */
async function silentServers(
  volumes: readonly NfsVolume[],
  port: number,
  signal: AbortSignal,
): Promise<string[]> {
  const all = serversOf(volumes).map(async (server) =>
    (await nfsAnswers(server, port, signal)) ? [] : [server],
  );
  return (await Promise.all(all)).flat();
}

/** Each who writes; a volume that is only read has none. */
async function usesOf(volumes: readonly NfsVolume[], look: Look): Promise<Use[]> {
  const apps = new Map((await listApps(look)).map(({ app }) => [app.name, app]));
  const all = volumes.map(async (volume) => {
    const media = apps.get(volume.namespace)?.media;
    // Where the app writes: it need not have a right to more.
    const own = media?.claim === volume.claim ? media.writes[0] : undefined;
    return (await usersOf(volume, look)).map((by) => ({
      ...volume,
      by,
      folder: own ?? by.mounts[0]?.mountPath ?? '/',
    }));
  });
  return (await Promise.all(all)).flat();
}

async function readExports({ git, head, signal }: Look): Promise<Export[]> {
  const [text] = await git.readFiles(head.id, [exportsFile], signal);
  return parseExports(text ?? '');
}

interface Trial extends Use {
  owner: number | undefined;
  /** Whether another pod reads it: once for what the server has as one. */
  isReadBack: boolean;
}

/** The same place for the same user is tried once: media apps share one. */
function distinct(uses: readonly Use[], exported: readonly Export[]): Trial[] {
  const shares = new Set<string>();
  const all = Map.groupBy(uses, ({ server, path, by }) => JSON.stringify([server, path, by.user]));
  return [...all.values()].flatMap(([use]) => {
    if (use === undefined) return [];
    const found = exportOf(exported, use.path);
    const share = `${use.server}:${found?.path ?? use.path}`;
    const isReadBack = !shares.has(share);
    shares.add(share);
    return [{ ...use, owner: found?.everybody ?? use.by.user?.runAsUser, isReadBack }];
  });
}

/** @returns what is wrong, or null. */
async function tryUse(
  { name, namespace, claim, by: { user, mounts }, folder, owner, isReadBack }: Trial,
  { look, image }: { look: Look; image: string },
): Promise<string | null> {
  if (user === null) return 'its manifests do not say as whom it runs (runAsUser)';
  const file = [folder, `.cpiab-postcheck-${name}`, crypto.randomUUID()];
  const work = { namespace, image, user, volume: { claim, mounts } };
  const writing = bounded(WRITE, [...file, String(owner), isReadBack ? 'kept' : '']);
  const wrote = await runPod(look, { ...work, name: `cpiab-postcheck-write-${name}`, command: writing });
  if (!wrote.succeeded) return wrote.said;
  if (!isReadBack) return null;
  const reading = bounded(READ, file);
  const read = await runPod(look, { ...work, name: `cpiab-postcheck-read-${name}`, command: reading });
  return read.succeeded ? null : read.said;
}
