/** A claim, and what must not throw for it to hold. @returns what was seen. */
export type Check = [claim: string, check: () => Promise<string>];
