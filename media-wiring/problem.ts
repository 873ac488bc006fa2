export interface Answer {
  method: string;
  path: string;
  status: number;
}

interface Circumstances {
  /** `waiting`: it does not answer yet, or waits for a person; `failed`: it refused. */
  state?: 'waiting' | 'failed';
  todo: string;
  /** Of the app, where there was one. */
  answer?: Answer | null;
  cause?: unknown;
}

/** Whether an app refused with one of these status codes. */
export const isRefusal = (error: unknown, ...statuses: number[]): error is Problem =>
  error instanceof Problem && statuses.includes(error.answer?.status ?? 0);

/** Why an app is not as declared, and what to do about it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly state: 'waiting' | 'failed';
  readonly todo: string;
  readonly answer: Answer | null;

  constructor(says: string, { state = 'failed', todo, answer = null, cause }: Circumstances) {
    super(says, { cause });
    this.state = state;
    this.todo = todo;
    this.answer = answer;
  }
}
