import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { flux } from '../../contract/layout.ts';
import { decryption } from '../../contract/secrets.ts';
import { parseRecipient, recipientOf } from '../../host/age/keys.ts';
import { checkHistory } from '../../policy/push/history.ts';
import { readKnownSecrets } from '../../policy/rules/own-documents.ts';
import { gitTree } from '../../policy/tree/git-tree.ts';
import { listKustomizations } from '../observe/kustomizations.ts';
import { canaryFiles, canaryPath, word } from './canary.ts';
import type { Look } from './look.ts';
import { counted, fail, notApplicable, type Outcome, pass, passUnless } from './outcome.ts';
import { patient } from './patient.ts';
import { FluxSource, probePlaces } from './probe.ts';

const DECRYPT_MS = patient(60_000);

/** A Secret that the box encrypts for its own key, the newest one, and Flux must be able to read. */
export async function checkDecryption(look: Look): Promise<Outcome> {
  const { board, kube, signal, scratch } = look;
  const recipient = await ownRecipient(board.paths.ageKey);
  if (recipient === null) return await withoutKey(look);
  const to = parseRecipient(recipient);
  if (to === null) return fail('the key of the box is damaged');
  await scratch();
  const places = probePlaces(board.paths, board.site.network.nodeAddress);
  const spec = { decryption: { provider: 'sops', secretRef: { name: decryption.secret } } };
  const source = new FluxSource('canary', places, kube, spec);
  const why = await source.apply(await canaryFiles(recipient, to), DECRYPT_MS, signal);
  if (why !== null) return fail(`Flux did not decrypt it within ${DECRYPT_MS / 1000} s: ${why}`);
  const { data } = await kube.get<{ data: { word?: string } }>(canaryPath, signal);
  return Buffer.from(data.word ?? '', 'base64').toString() === word
    ? pass(`Flux decrypted a Secret for ${recipient}`)
    : fail('Flux applied a Secret with another value');
}

async function ownRecipient(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : recipientOf(text.split('\n')[0] ?? '');
}

async function withoutKey({ kube, signal }: Look): Promise<Outcome> {
  const all = await listKustomizations(kube, signal);
  const wanting = all.filter(({ spec }) => 'decryption' in spec).map(({ metadata }) => metadata.name);
  return wanting.length === 0
    ? notApplicable('no app of the site has Secrets, and the box has no key')
    : fail(`the box has no key, and ${wanting.join(', ')} in ${flux.namespace} cannot be decrypted`);
}

export async function checkSecretHistory({ git, head, signal }: Look): Promise<Outcome> {
  const store = git.store();
  const { known } = await readKnownSecrets(await gitTree(store, head.id, signal));
  const { files, found } = await checkHistory(store, { range: ['--all'], known }, signal);
  const named = found.map(
    ({ finding, commit }) => `${finding.file} in ${commit ?? 'a merge'}: ${finding.what}`,
  );
  return passUnless(named, `${counted(files, 'file')} of the history looked at`);
}

/** Names of what holds a private key, on the box and in the engine's directories. */
const KEY = /(?:\.key|\.conf|kubeconfig|^kubelet-.*\.pem)$/;
/** For others than root: any bit of group and world. */
const OTHERS = 0o077;

export async function checkKeyFiles({ board }: Look): Promise<Outcome> {
  const { ageKey, tls, pki, state } = board.paths;
  const places = [tls, pki, ageKey, ...board.get('engine').keys];
  const files = [...new Set((await Promise.all(places.map(keyFiles))).flat())].toSorted();
  if (files.length === 0) return fail(`no key below ${state}`);
  const open: string[] = [];
  for (const file of files) {
    const mode = (await stat(file)).mode & 0o777;
    if ((mode & OTHERS) !== 0) open.push(`${file} has mode 0${mode.toString(8)}`);
  }
  return passUnless(open, 'every file with a private key has mode 0600 or less');
}

/** Files with keys at a path or below it; none where there is nothing. */
async function keyFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found === null) return [];
  if (!found.isDirectory()) return KEY.test(basename(path)) ? [path] : [];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && KEY.test(entry.name));
  return files.map((entry) => join(entry.parentPath, entry.name));
}
