import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parse } from 'yaml';
import { type Invitation, requireInvitation } from '../../contract/invitation.ts';
import { requireNodeName } from '../../contract/node-name.ts';
import { parseBoxSite } from '../../contract/site.ts';
import type { Paths } from '../board.ts';
import { findLink } from '../node/link.ts';
import type { SeedResult } from '../seed/result.ts';
import { BlobCheck, expectedFiles } from '../verify/blobs.ts';
import { hashFile, isEmulated } from '../verify/hash.ts';
import { readManifest } from '../verify/manifest.ts';

const LINK_MS = 10_000;

export interface Given {
  name: string;
  invitation: string;
}

/**
 * Before anything of the bundle is used on a machine that runs another system: every byte of it is what the site's key
 * has signed, and the machine reaches the box that invited it.
 * @returns what the agent goes by at every start.
 * @throws CpiabError E1002, E1501 for what was given, E2101… for the bundle, E5509.
 */
export async function prepareGuest(
  paths: Pick<Paths, 'site' | 'siteKey' | 'rotations' | 'medium' | 'bundle'>,
  given: Given,
  signal: AbortSignal,
): Promise<SeedResult> {
  const { box } = invitationOf(given);
  await verifyBundle(paths, signal);
  await findLink(box, signal, LINK_MS);
  const node = {
    ...{ name: given.name, role: 'agent' as const },
    ...{ invitation: given.invitation.trim(), guest: true },
  };
  return { status: null, install: null, node, card: null, problem: null };
}

function invitationOf({ name, invitation }: Given): Invitation {
  requireNodeName(name);
  return requireInvitation(invitation, 'cpiab-join');
}

async function verifyBundle(
  paths: Pick<Paths, 'site' | 'siteKey' | 'rotations' | 'medium' | 'bundle'>,
  signal: AbortSignal,
): Promise<void> {
  const site = parseBoxSite(parse(await readFile(paths.site, 'utf8')));
  const trust = { keyFile: paths.siteKey, rotations: paths.rotations, site: site.name };
  const { manifest } = await readManifest(paths.bundle, trust);
  const emulated = await isEmulated();
  const files = expectedFiles(manifest, paths.medium, paths.bundle);
  const check = new BlobCheck(files, (path, size, stop) => hashFile(path, size, emulated, stop));
  await check.checkAll(availableParallelism(), signal, () => {});
}
