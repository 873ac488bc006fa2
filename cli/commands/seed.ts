import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function seedCommand(context: CliContext) {
  return command('seed', "check a machine's seed, and write it to a volume that its box reads", [
    { line: 'cpiab seed rack-7.yaml', does: 'only checks it' },
    { line: 'cpiab seed rack-7.yaml --out seed.iso', does: 'a disc for a virtual machine' },
    { line: 'cpiab seed rack-7.yaml --out seed.img', does: 'FAT; `dd` it to a stick' },
  ])
    .argument('<file>', 'what docs/operate/seed.md describes')
    .option('--out <file>', 'an .iso or .img file; written anew when it is there')
    .action(async (file, { out }) => {
      const { readSeedFile } = await import('../seed/read.ts');
      const { writeSeedVolume } = await import('../seed/volume.ts');
      const { sha256File } = await import('../../host/files.ts');
      const { seed, text } = await readSeedFile(file);
      if (out === undefined) return context.print({ seed, out: null, sha256: null }, `${file}: good`);
      await writeSeedVolume(text, out, context.signal);
      const { sha256 } = await sha256File(out, context.signal);
      context.print({ seed, out, sha256 }, `${out}: sha256 ${sha256}`);
    });
}
