import { CpiabError } from '../../contract/errors.ts';
import { siteSecrets } from '../../contract/secrets.ts';
import { ProcessError } from '../../host/process.ts';
import type { Bind, Sandbox } from '../../host/sandbox.ts';

export interface SopsOptions {
  /** The locked program, and the root it runs in. */
  program: string;
  sandbox: Sandbox;
  /** File of identities of age. */
  keyFile: string;
  signal: AbortSignal;
}

type Work = 'encrypt' | 'decrypt' | 'rotate';

/**
 * SOPS, isolated and without a network. Plain text goes through pipes only: it is in no argument, no variable
 * and no file, and what SOPS says while it has plain text is not repeated.
 */
export class Sops {
  readonly #options: SopsOptions;

  constructor(options: SopsOptions) {
    this.#options = options;
  }

  /** @param plain a manifest. @param name where it will lie, for messages. */
  async encrypt(plain: string, recipients: readonly string[], name: string): Promise<string> {
    const to = ['--age', recipients.join(','), '--encrypted-regex', siteSecrets.encrypted];
    return await this.#run('encrypt', [...to, '--filename-override', 'secret.yaml'], name, { input: plain });
  }

  /** @returns the manifest as JSON. */
  async decrypt(encrypted: string, name: string): Promise<string> {
    const form = ['--output-type', 'json', '--filename-override', 'secret.yaml'];
    return await this.#run('decrypt', form, name, { input: encrypted });
  }

  /** Encrypts every value anew with a new data key. @param path absolute; it is not changed. */
  async rotate(path: string, { add, remove }: { add: string[]; remove: string[] }, name: string) {
    const changes = [
      ...(add.length > 0 ? ['--add-age', add.join(',')] : []),
      ...(remove.length > 0 ? ['--rm-age', remove.join(',')] : []),
    ];
    const binds = [{ source: path, target: '/secret.yaml', write: false }];
    return await this.#run('rotate', [...changes, '/secret.yaml'], name, { binds });
  }

  async #run(
    work: Work,
    args: string[],
    name: string,
    { input, binds = [] }: { input?: string; binds?: Bind[] },
  ): Promise<string> {
    const { program, sandbox, keyFile, signal } = this.#options;
    const { stdout } = await sandbox
      .run(['/sops', work, ...args], {
        binds: [
          { source: program, target: '/sops', write: false },
          { source: keyFile, target: '/age.key', write: false },
          ...binds,
        ],
        // There is no network, and nobody to be told of newer versions.
        env: { SOPS_AGE_KEY_FILE: '/age.key', SOPS_DISABLE_VERSION_CHECK: 'true' },
        ...(input === undefined ? {} : { input }),
        signal,
      })
      .catch((error: unknown) => {
        // It is no cause of what is thrown: it has what the program wrote.
        throw error instanceof ProcessError
          ? new CpiabError('E3095', { subject: name, args: [work, whyOf(work, error)] })
          : error;
      });
    return stdout;
  }
}

/** While it encrypts, what it says may repeat what it was given. */
function whyOf(work: Work, { stderr, status }: ProcessError): string {
  const [line = ''] = stderr.trim().split('\n');
  return work === 'encrypt' || line === '' ? `exit status ${status}` : line.replace(/\.$/, '');
}
