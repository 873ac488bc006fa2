import { truncate, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ChangeProgram } from '../../../agent/passphrase/change.ts';
import { run } from '../../../host/process.ts';
import { freshPath } from '../enroll/box.ts';

export const scripts = resolve(import.meta.dirname, '../../../images/os/files/usr/lib/cpiab');
/** In place of argon2, which takes seconds by design. */
const quick = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'];

/** A disk with an encrypted state, by the real cryptsetup. Ended with the test. */
export class Container {
  readonly directory: string;
  readonly disk: string;

  private constructor(directory: string, disk: string) {
    this.directory = directory;
    this.disk = disk;
  }

  static async make(passphrase: string): Promise<Container> {
    const directory = await freshPath();
    const file = `${directory}/disk`;
    await writeFile(file, '');
    await truncate(file, 64 << 20);
    const disk = (await run(['losetup', '--find', '--show', file])).stdout.trim();
    onTestFinished(async () => void (await run(['losetup', '--detach', disk])));
    const format = ['luksFormat', '--batch-mode', '--type', 'luks2', '--label', 'CPIAB-LUKS', ...quick];
    await run(['cryptsetup', ...format, '--key-file', '-', disk], { input: passphrase });
    return new Container(directory, disk);
  }

  /** Gives it a slot besides that a token names, as systemd-cryptenroll does for a TPM. */
  async addToken(passphrase: string, secret: string): Promise<void> {
    const [old, fresh] = [`${this.directory}/old`, `${this.directory}/secret`];
    await writeFile(old, passphrase);
    await writeFile(fresh, secret);
    await run(['cryptsetup', 'luksAddKey', '--batch-mode', ...quick, '--key-file', old, this.disk, fresh]);
    // As systemd writes it, or its library does not take it.
    const sealed = { 'tpm2-blob': 'AAAA', 'tpm2-pcrs': [7], 'tpm2-policy-hash': '00'.repeat(32) };
    const token = { type: 'systemd-tpm2', keyslots: ['1'], ...sealed };
    await run(['cryptsetup', 'token', 'import', '--json-file', '-', this.disk], {
      input: JSON.stringify(token),
    });
  }

  async opens(passphrase: string): Promise<boolean> {
    const argv = ['cryptsetup', 'open', '--test-passphrase', '--key-file', '-', this.disk];
    return await run(argv, { input: passphrase }).then(
      () => true,
      () => false,
    );
  }

  /** What its header says. */
  async header(): Promise<{ keyslots: Record<string, object>; tokens: Record<string, object> }> {
    const { stdout } = await run(['cryptsetup', 'luksDump', '--dump-json-metadata', this.disk]);
    return JSON.parse(stdout);
  }

  /** The box's program, but quick. @param before what the shell does first. @param cutMs when all of it is killed. */
  program(before = '', cutMs = 60_000): ChangeProgram {
    const script = `. "$0/change-passphrase"; pbkdf=(${quick.join(' ')}); ${before}
      main "$1"`;
    const limited = ['timeout', '--signal=KILL', String(cutMs / 1000)];
    return async (variables, signal) =>
      void (await run([...limited, 'bash', '-c', script, scripts, this.disk], { env: variables, signal }));
  }

  /** The box's program as its unit runs it. */
  get ownProgram(): ChangeProgram {
    return async (variables, signal) =>
      void (await run([`${scripts}/change-passphrase`, this.disk], { env: variables, signal }));
  }
}
