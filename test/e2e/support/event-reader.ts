import { readEvents, type ServerEvent } from '../../../src/cli/top/events';

/** Reads server-sent events one after the other. */
export class EventReader {
  private constructor(
    private readonly events: AsyncGenerator<ServerEvent>,
    private readonly abort: AbortController,
  ) {}

  static async open(url: string, path: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const abort = new AbortController();
    const response = await fetch(url + path, { headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return new EventReader(readEvents(response.body!), abort);
  }

  /** The next event. Rejects if the stream ends before it. */
  async next(): Promise<ServerEvent> {
    const { done, value } = await this.events.next();
    if (done === true) throw new Error('the stream has ended');
    return value;
  }

  /** Resolves when the server has ended the stream. */
  async ended(): Promise<void> {
    while ((await this.events.next()).done !== true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort.abort();
    await this.events.return(undefined).catch(() => {});
  }
}
