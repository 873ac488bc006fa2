import { createHash } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { NodeSSH } from 'node-ssh';
import { CpiabError } from '../../contract/errors.ts';
import type { SshTarget } from './ssh-target.ts';

const CONNECT_MS = 20_000;
const KEEPALIVE_MS = 15_000;

/** How this side shows who it is: the text of a private key, or the socket of an agent. */
export type SshIdentity = { privateKey: string } | { agent: string };

export interface SshCommand {
  /** For the login shell there. */
  line: string;
  /** What the command reads. Its end is told to the command. */
  input: Readable;
  onLine?: (line: string) => void;
}

/** A machine on the other side of SSH, known by the key that it shows. */
export class SshMachine {
  readonly #ssh: NodeSSH;

  private constructor(ssh: NodeSSH) {
    this.#ssh = ssh;
  }

  /**
   * Connects; nothing is told to a machine that shows another key.
   * @param hostKey its fingerprint, `SHA256:…`. @throws CpiabError E2511 for another key, E5511.
   */
  static async connect(target: SshTarget, hostKey: string, identity: SshIdentity): Promise<SshMachine> {
    const { user, host, port } = target;
    const subject = `${user}@${host}:${port}`;
    const ssh = new NodeSSH();
    let shown = '';
    const hostVerifier = (key: Buffer) => {
      shown = fingerprintOf(key);
      return shown === hostKey;
    };
    const times = { readyTimeout: CONNECT_MS, keepaliveInterval: KEEPALIVE_MS };
    try {
      await ssh.connect({ host, port, username: user, hostVerifier, ...times, ...identity });
    } catch (cause) {
      if (shown !== '' && shown !== hostKey)
        throw new CpiabError('E2511', { subject, args: [shown, hostKey], cause });
      throw new CpiabError('E5511', { subject, args: [(cause as Error).message], cause });
    }
    return new SshMachine(ssh);
  }

  /**
   * Runs a command to its end. @returns its status, null where a signal or the connection ended it.
   * @throws what went wrong with the input; the command has seen its end then.
   */
  async run({ line, input, onLine = () => {} }: SshCommand): Promise<number | null> {
    const [onStdout, onStderr] = [byLine(onLine), byLine(onLine)];
    const stdin = new PassThrough();
    input.once('error', () => stdin.end()).pipe(stdin);
    const { code } = await this.#ssh.execCommand(line, { stdin, onStdout, onStderr });
    if (input.errored !== null) throw input.errored;
    return code;
  }

  close(): void {
    this.#ssh.dispose();
  }
}

/** As OpenSSH shows it. Source: RFC 4253 section 6.6 for the key's bytes, ssh-keygen(1) for their form. */
const fingerprintOf = (key: Buffer) =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=$/, '')}`;

function byLine(onLine: (line: string) => void): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    const lines = `${rest}${chunk.toString('utf8')}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
}
