import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { BackupManifest } from '../../contract/backup.ts';
import type { CargoManifest } from '../../contract/cargo.ts';
import { formatBytes } from '../../contract/units.ts';
import { command, plainCommand, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

const HOUR_MS = 3_600_000;
const SENDER_KEY = [
  '--key <file>',
  "the sender's minisign public key (default: the one of this machine's that signed it)",
] as const;

export function cargoCommand(context: CliContext) {
  const parent = command('cargo', "carry a box's cluster, Git and volumes to a box of somebody else", [
    {
      line: 'cpiab cargo seal out --receiver ID#FINGERPRINT --recipient age1…',
      does: 'a box, for one other box and who has that key',
    },
    { line: 'cpiab cargo inspect out --key a.pub', does: 'from whom, for whom, until when' },
    { line: 'cpiab cargo verify out --key a.pub --identity key.txt', does: 'check all of it; asks no box' },
    {
      line: 'cpiab cargo land out --key a.pub --identity key.txt',
      does: 'give it to the box that it is for',
    },
  ]);
  return parent
    .addCommand(sealCommand(context))
    .addCommand(inspectCommand(context))
    .addCommand(verifyCommand(context))
    .addCommand(landCommand(context));
}

function sealCommand(context: CliContext) {
  return plainCommand(
    'seal',
    "Write a box's state into a directory, encrypted for one receiver, and sign it.",
  )
    .argument('<dir>', 'where it goes; of an earlier one for the same receiver, what is the same stays')
    .requiredOption(
      '--receiver <box>',
      'identifier and fingerprint of the box that takes it: ID#FINGERPRINT',
      boxName,
    )
    .requiredOption('--recipient <age1…>', 'the key of age that its operator decrypts with')
    .option('--hours <number>', 'how long it may be landed', wholeNumber(1, 8760), 72)
    .option('--box <url>', 'address of the box to seal, and after # the fingerprint that its console shows')
    .action(async (directory, { receiver, recipient, hours, box }) => {
      const { resolve } = await import('node:path');
      const { boxAddress } = await import('../box/client.ts');
      const { requireRecipients } = await import('../backup/keys.ts');
      const { sealCargo } = await import('../cargo/seal.ts');
      requireRecipients([recipient]);
      const address = await boxAddress(box, 'cpiab cargo seal');
      const path = resolve(directory);
      const whom = { ...receiver, recipient };
      const sealed = await sealCargo(address, whom, path, { lifeMs: hours * HOUR_MS }, context);
      const { manifest, contents, written } = sealed;
      const size = sizeOf(manifest);
      const fresh = `${formatBytes(written.bytes)} of it new (${written.chunks} of ${manifest.chunks.length} chunks)`;
      context.print(
        { directory: path, size, written, manifest: headOf(manifest), contents },
        `${describe(manifest, contents)}\n${path}: ${formatBytes(size)}, ${fresh}`,
      );
    });
}

function inspectCommand(context: CliContext) {
  return plainCommand(
    'inspect',
    'Show from whom a cargo is, for whom, and what is in it, after checking the signature.',
  )
    .argument('<dir>', 'what `cpiab cargo seal` wrote')
    .option(...SENDER_KEY)
    .option('--identity <file>', 'key of age-keygen: shows what is in it too')
    .action(async (directory, { key, identity }) => {
      const { openCargo } = await import('../../builder/cargo/open.ts');
      const { openContent } = await import('../../builder/cargo/content.ts');
      const cargo = await openCargo(directory, key);
      const identities = await identitiesOf(identity);
      const content = identities.length === 0 ? null : await openContent(cargo, identities);
      const contents = content?.contents ?? null;
      const { manifest } = cargo;
      context.print(
        { manifest: headOf(manifest), signedBy: cargo.key, size: sizeOf(manifest), contents },
        `${describe(manifest, contents)}\nsigned by ${cargo.key}; ${formatBytes(sizeOf(manifest))} in ${manifest.chunks.length} chunks`,
      );
    });
}

function verifyCommand(context: CliContext) {
  return plainCommand(
    'verify',
    'Check a cargo: signature, time, every chunk, and with its key all that is in it.',
  )
    .argument('<dir>', 'what `cpiab cargo seal` wrote')
    .option(...SENDER_KEY)
    .option('--identity <file>', 'key of age-keygen: checks that all of it decrypts to what the box gave')
    .option('--receiver <box>', 'the box that is to take it: ID#FINGERPRINT', boxName)
    .option('--after <sequence>', 'refuse what is older', wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .action(async (directory, { key, identity, receiver, after }) => {
      const { verifyCargo } = await import('../cargo/verify.ts');
      const keys = { senderKey: key, identities: await identitiesOf(identity) };
      const { cargo, content } = await verifyCargo(
        directory,
        keys,
        { receiver: receiver ?? null, after },
        context,
      );
      const { manifest } = cargo;
      const contents = content?.contents ?? null;
      const how =
        contents === null
          ? 'every chunk is there as it was sealed'
          : 'all of it decrypts to what the box gave';
      context.print(
        { manifest: headOf(manifest), signedBy: cargo.key, contents },
        `${describe(manifest, contents)}\nsigned by ${cargo.key}; ${how}`,
      );
    });
}

function landCommand(context: CliContext) {
  return plainCommand(
    'land',
    'Give the box that a cargo is for its cluster, Git and volumes. The box stays who it is.',
  )
    .argument('<dir>', 'what `cpiab cargo seal` wrote')
    .requiredOption('--identity <file>', 'key of age-keygen that it was sealed for')
    .option(...SENDER_KEY)
    .option('--replace <box-id>', 'the identifier of a box that may lose the state it has')
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .action(async (directory, { key, identity, replace, box }) => {
      const { boxAddress } = await import('../box/client.ts');
      const { landCargo } = await import('../cargo/land.ts');
      const keys = { senderKey: key, identities: await identitiesOf(identity) };
      const address = await boxAddress(box, 'cpiab cargo land');
      const { cargo, contents } = await landCargo(directory, address, keys, { replace }, context);
      const { manifest } = cargo;
      const url = `${address.url.origin}#${address.fingerprint}`;
      context.print(
        { box: url, manifest: headOf(manifest), signedBy: cargo.key, contents },
        `${describe(manifest, contents)}\nthe box restarts into it, with its own key: cpiab status --watch --box ${url}`,
      );
    });
}

async function identitiesOf(file: string | undefined) {
  const { readKeyIdentities } = await import('../backup/keys.ts');
  return file === undefined ? [] : await readKeyIdentities(file);
}

/** All but the list of chunks. */
function headOf({ chunks, index: _, ...head }: CargoManifest) {
  return { ...head, chunks: chunks.length };
}

const sizeOf = ({ chunks }: CargoManifest) => chunks.reduce((sum, { size }) => sum + size, 0);

function describe(manifest: CargoManifest, contents: BackupManifest | null): string {
  const { sender, receiver, sequence, created, expires } = manifest;
  const inside =
    contents === null
      ? []
      : [
          ['Git', contents.gitHead],
          ['engine', `${contents.engine.kind} ${contents.engine.version}`],
          ...contents.members.map(({ name, size }) => [name, formatBytes(size)]),
        ];
  return table([
    ['cargo', `${sequence} of site ${sender.site}`],
    ['from', `box ${sender.boxId}, ${sender.fingerprint}`],
    ['for', `box ${receiver.boxId}, ${receiver.fingerprint}`],
    ['recipient', receiver.recipient],
    ['sealed', created],
    ['expires', expires],
    ['left out', `${manifest.reminted.join(', ')}: the receiver's own`],
    ...inside,
  ]);
}

function boxName(text: string): { boxId: string; fingerprint: string } {
  const [, boxId = '', fingerprint = ''] = /^([0-9A-Za-z-]{1,64})#([0-9a-fA-F]{64})$/.exec(text) ?? [];
  if (boxId !== '') return { boxId, fingerprint: fingerprint.toLowerCase() };
  throw new InvalidArgumentError('expected ID#FINGERPRINT, as `cpiab status` of that box shows them');
}
