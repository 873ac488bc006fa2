import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { CpiabError } from '../../contract/errors.ts';
import { command, plainCommand, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';

export function deployCommand(context: CliContext) {
  const parent = command('deploy', 'make a virtual machine of a box on a hypervisor', [
    { line: 'cpiab deploy proxmox --help', does: 'what Proxmox VE needs to be told' },
    {
      line: 'cpiab deploy proxmox --host pve.lan --node pve --vmid 120 --fingerprint AB:CD… --token ci@pve!cpiab --plan',
      does: 'every call that would be made; asks nobody',
    },
  ]);
  return parent.addCommand(proxmoxCommand(context));
}

function proxmoxCommand(context: CliContext) {
  return plainCommand(
    'proxmox',
    'Upload a medium to Proxmox VE, make a machine of it and start that. Run again, it goes on where it was.',
  )
    .argument('[site-or-file]', 'a site that was built, or the path of an .iso, .qcow2 or .raw', 'lab')
    .requiredOption('--host <address>', "the server's address, with :port unless that is 8006", serverAddress)
    .requiredOption('--fingerprint <sha256>', "SHA-256 of the server's certificate", fingerprint)
    .requiredOption('--token <id>', 'API token, as USER@REALM!ID', tokenId)
    .option('--secret-file <file>', "the token's secret (default: the variable CPIAB_PROXMOX_SECRET)")
    .requiredOption('--node <name>', 'which node', word)
    .requiredOption('--vmid <number>', "the machine's number", wholeNumber(100, 999_999_999))
    .option('--name <name>', "the machine's name", dnsName, 'cpiab')
    .option('--medium-storage <id>', 'where the medium is put; a storage of files', word, 'local')
    .option('--disk-storage <id>', 'where its disks are put', word, 'local-lvm')
    .option('--disk-size <gib>', 'GiB of its disk', wholeNumber(8, 65_536), 32)
    .option('--cores <count>', 'processors', wholeNumber(1, 512), 4)
    .option('--memory <megabytes>', 'MiB of memory', wholeNumber(2048, 4_194_304), 8192)
    .option('--bridge <name>', 'its network', word, 'vmbr0')
    .option('--vlan <tag>', 'VLAN tag of its network (default: none)', wholeNumber(1, 4094))
    .option('--box <url>', 'follow to Ready: its address, and after # the fingerprint that its console shows')
    .option('--timeout <seconds>', 'how long that may take', wholeNumber(1, 86_400), 1800)
    .option('--plan', 'print the calls, make none', false)
    .action(async (what, { plan: onlyPlan, box, timeout, token, secretFile, host, ...rest }) => {
      const { planProxmox } = await import('../../builder/deploy/proxmox/plan.ts');
      const { readDeployedMedium } = await import('../../builder/deploy/proxmox/medium.ts');
      const { deployProxmox, planText } = await import('../deploy/proxmox.ts');
      const path = await mediumOf(what, context.repository);
      const medium = await readDeployedMedium(path, context.signal);
      const { diskSize: diskGib, memory: memoryMib, vlan = null, ...others } = rest;
      const plan = planProxmox({ ...others, server: host, diskGib, memoryMib, vlan }, medium);
      if (onlyPlan) context.print(plan, planText(plan));
      else await deployProxmox(plan, { path, token, secretFile, box, timeout }, context);
    });
}

/** A site's disk image or ISO in dist/, whichever was built, or the file itself. */
async function mediumOf(what: string, repository: string): Promise<string> {
  if (/[./]/.test(what)) return resolve(what);
  for (const kind of ['iso', 'qcow2']) {
    const built = join(repository, 'dist', what, `cpiab-${what}.${kind}`);
    if (await stat(built).catch(() => null)) return built;
  }
  throw new CpiabError('E1015', { subject: what });
}

function serverAddress(text: string): string {
  const url = URL.parse(`https://${text}`);
  const isHost = url !== null && url.host !== '' && url.pathname === '/' && !/[@/?#]/.test(text);
  if (!isHost) throw new InvalidArgumentError('expected a host such as pve.example.org or 10.0.0.2:8006');
  return `https://${url.hostname}:${/:\d+$/.test(text) ? /:(\d+)$/.exec(text)?.[1] : '8006'}`;
}

function fingerprint(text: string): string {
  const digits = text.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new InvalidArgumentError('expected 64 hexadecimal digits, with or without colons');
}

function matching(pattern: RegExp, expected: string) {
  return (text: string): string => {
    if (pattern.test(text)) return text;
    throw new InvalidArgumentError(`expected ${expected}`);
  };
}

const tokenId = matching(/^[^\s:/@!]+@[\w.-]+![\w.-]+$/, 'USER@REALM!ID; the secret is not part of it');
const word = matching(/^[a-zA-Z0-9][\w.-]*$/, 'a name of letters, digits, dots, hyphens and underscores');
const dnsName = matching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, 'a host name without a domain');
