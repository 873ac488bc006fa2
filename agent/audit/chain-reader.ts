import { type AuditEntry, AuditEntrySchema } from '../../contract/audit-log.ts';
import type { MerkleTree } from '../../host/merkle.ts';

/** Holds the lines of a log against each other and against the checkpoint that was signed last. */
export class ChainReader {
  broken = false;
  readonly #tree: MerkleTree;
  readonly #signed: { size: number; root: Buffer } | null;
  #wrong: string | null = null;

  constructor(tree: MerkleTree, signed: { size: number; root: Buffer } | null) {
    this.#tree = tree;
    this.#signed = signed;
  }

  take(line: string): void {
    if (this.broken) return;
    const entry = parseEntry(line);
    const { size } = this.#tree;
    if (entry === null || entry.index !== size || entry.tree !== this.#tree.root().toString('base64'))
      this.#break(`the log was changed at or before entry ${size}`);
    else this.#tree.append(Buffer.from(line));
    if (this.#tree.size === this.#signed?.size && !this.#tree.root().equals(this.#signed.root))
      this.#break(`entry ${size} is not the one that was signed`);
  }

  wrong(): string | null {
    const { size } = this.#tree;
    if (this.#wrong !== null || this.#signed === null || this.#signed.size <= size) return this.#wrong;
    return `entries ${size} to ${this.#signed.size - 1} are missing: they were signed before`;
  }

  #break(why: string): void {
    this.broken = true;
    this.#wrong = why;
  }
}

function parseEntry(line: string): AuditEntry | null {
  try {
    const parsed = AuditEntrySchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
