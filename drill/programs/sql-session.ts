import { createInterface } from 'node:readline';
import { type PipedProcess, startPiped } from '../../host/piped-process.ts';

const END = 'end-of-answer';
const LONGEST_MS = 5000;

/** One connection to PostgreSQL, kept open by psql and opened anew after it has ended. One statement at a time. */
export class SqlSession {
  readonly #env: Readonly<Record<string, string>>;
  #process: PipedProcess | undefined;
  #lines: AsyncIterator<string> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param env where and as whom: PGHOST and its like. */
  constructor(env: Readonly<Record<string, string>>) {
    this.#env = env;
  }

  /** @param statement one line without its semicolon. @returns what it gives, a row a line. @throws Error with what the server said. */
  ask(statement: string): Promise<string[]> {
    const answer = this.#turn.then(() => this.#ask(statement));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  close(): void {
    this.#process?.kill();
    this.#process = undefined;
  }

  async #ask(statement: string): Promise<string[]> {
    const timer = setTimeout(() => this.close(), LONGEST_MS);
    try {
      const session = this.#open();
      session.stdin.write(`${statement};\n\\echo ${END} :ERROR :LAST_ERROR_MESSAGE\n`);
      return await this.#read();
    } finally {
      clearTimeout(timer);
    }
  }

  async #read(): Promise<string[]> {
    const rows: string[] = [];
    for (;;) {
      const { done, value } = (await this.#lines?.next()) ?? { done: true, value: '' };
      if (done) {
        const said = await this.#process?.ended.catch(({ message }: Error) => ({ stderr: message }));
        this.#process = undefined;
        throw new Error(said?.stderr || 'the connection ended');
      }
      if (!value.startsWith(END)) rows.push(value);
      else if (value.startsWith(`${END} true`)) throw new Error(value.slice(END.length + 6));
      else return rows;
    }
  }

  #open(): PipedProcess {
    if (this.#process !== undefined) return this.#process;
    const argv = ['psql', '--no-psqlrc', '--quiet', '--no-align', '--tuples-only'];
    const opened = startPiped(argv, { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', ...this.#env } });
    this.#process = opened;
    this.#lines = createInterface({ input: opened.stdout })[Symbol.asyncIterator]();
    return opened;
  }
}
