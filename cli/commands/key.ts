import type { SiteKeys } from '../../builder/bundle/keys.ts';
import type { KeyRotation } from '../../contract/rotation.ts';
import { command, plainCommand, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

export function keyCommand(context: CliContext) {
  const parent = command('key', "show a site's key, or replace it", [
    { line: 'cpiab key show lab', does: 'its public key, for those who verify, and the keys before it' },
    { line: 'cpiab key rotate lab', does: 'a new key; who trusts the old one can trust it' },
    { line: 'cpiab key rotate lab --last 40', does: 'and nothing newer than sequence 40 by the old one' },
  ]);
  return parent.addCommand(showCommand(context)).addCommand(rotateCommand(context));
}

function showCommand(context: CliContext) {
  return plainCommand('show', "Show a site's public key, and what leads to it from the keys before.")
    .argument('[site]', 'which file of config/clusters', 'lab')
    .action(async (name) => {
      const { keys, chain } = await keysOf(name, context);
      print(name, keys, chain, context);
    });
}

function rotateCommand(context: CliContext) {
  return plainCommand('rotate', "Replace a site's key. The old one signs which is the next, and is deleted.")
    .argument('[site]', 'which file of config/clusters', 'lab')
    .option(
      '--last <sequence>',
      'the newest that the old key may have signed (default: that of the commit checked out)',
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .action(async (name, { last }) => {
      const { rotateKey } = await import('../../builder/bundle/rotate.ts');
      const { headOf } = await import('../../builder/bundle/head.ts');
      const { keys } = await keysOf(name, context);
      const { repository, signal } = context;
      const newest = last ?? (await headOf(repository, true, signal)).sequence;
      await rotateKey(keys.directory, name, keys.site, newest);
      const after = await keysOf(name, context);
      print(name, after.keys, after.chain, context);
    });
}

/** @throws CpiabError E1009 for a site that isn't there: a misspelt name makes no key. */
async function keysOf(name: string, { repository }: CliContext) {
  const { readSite } = await import('../../builder/config/read-site.ts');
  const { keysDirectory, siteKeys } = await import('../../builder/bundle/keys.ts');
  const { keyName } = await import('../../builder/bundle/minisign.ts');
  const { rotationsTo } = await import('../../builder/bundle/rotate.ts');
  const site = await readSite(repository, name);
  const keys = await siteKeys(keysDirectory(site.name));
  return { keys, chain: await rotationsTo(keys.directory, keyName(keys.site)) };
}

function print(site: string, keys: SiteKeys, chain: KeyRotation[], context: CliContext): void {
  const [, publicKey = ''] = keys.publicKey.split('\n');
  const { directory } = keys;
  const rows = chain.map(({ from, last, to }) => [from, String(last), to.key]);
  const past = rows.length === 0 ? [] : [table([['retired', 'after sequence', 'named the next'], ...rows])];
  context.print(
    { site, publicKey, directory, chain },
    [`${site}: ${publicKey}`, `in ${directory}/minisign.pub`, ...past].join('\n'),
  );
}
