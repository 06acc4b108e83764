/** Counts events by model version. */
export class VersionTally {
  private readonly counts = new Map<string, number>();

  add(model: string, version: string): void {
    this.counts.set(keyOf(model, version), this.of(model, version) + 1);
  }

  /** The number of events; 0 if there were none. */
  of(model: string, version: string): number {
    return this.counts.get(keyOf(model, version)) ?? 0;
  }
}

function keyOf(model: string, version: string): string {
  return JSON.stringify([model, version]);
}
