/** What a test starts or makes, and how it ends. */
type Ends = { stop(): Promise<unknown> } | { close(): void } | { remove(): void };

/** Ends all of these, one after another. What a failed set-up never made is passed over. */
export async function tearDown(...all: readonly (Ends | undefined)[]): Promise<void> {
  for (const one of all) {
    if (one === undefined) continue;
    if ('stop' in one) await one.stop();
    else if ('close' in one) one.close();
    else one.remove();
  }
}
