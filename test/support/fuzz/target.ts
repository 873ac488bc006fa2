/** One parser: what it is given changed copies of. What it throws besides a CpiabError is a failure. */
export interface Target {
  seeds: Buffer[];
  run(bytes: Buffer): unknown;
  /** Runs that are enough for a unit test, 200 unless told. */
  short?: number;
  /** Milliseconds after which a run hangs, 5000 unless told. */
  hangMs?: number;
  /** Ends what runs have started. */
  close?(): Promise<void>;
}
