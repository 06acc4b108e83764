/** An event of a stream of server-sent events. */
export interface StreamedEvent {
  readonly event: string;
  readonly data: string;
}

/** Reads server-sent events one after the other. */
export class EventReader {
  private text = '';

  private constructor(
    private readonly reader: ReadableStreamDefaultReader<string>,
    private readonly abort: AbortController,
  ) {}

  static async open(url: string, path: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const abort = new AbortController();
    const response = await fetch(url + path, { headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    const reader = response.body!.pipeThrough(new TextDecoderStream() as TransformStream).getReader();
    return new EventReader(reader as ReadableStreamDefaultReader<string>, abort);
  }

  /** The next event. Rejects if the stream ends before it. */
  async next(): Promise<StreamedEvent> {
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end >= 0) {
        const lines = this.text.slice(0, end).split('\n');
        this.text = this.text.slice(end + 2);
        const field = (name: string) =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
        return { event: field('event'), data: field('data') };
      }
      const { done, value } = await this.reader.read();
      if (done) throw new Error('the stream has ended');
      this.text += value;
    }
  }

  /** Resolves when the server has ended the stream. */
  async ended(): Promise<void> {
    while (!(await this.reader.read()).done);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort.abort();
    await this.reader.cancel().catch(() => {});
  }
}
