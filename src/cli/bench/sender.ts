import { Pool, type Dispatcher } from 'undici';
import { messageIn } from '../gateway-client';
import { printable } from '../printable';

/** A request of the load. */
export interface Payload {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** Rows of its inputs. */
  readonly rows: number;
}

/** Learns how a request ended: `status` is undefined if it succeeded, otherwise the status or the code of the system. */
export type Ended = (status: string | undefined, message: string) => void;

/** Bytes of the body of an error that are kept. */
const MOST_ERROR_BYTES = 4096;

/** Sends requests over kept connections, each with one request at a time. */
export class Sender {
  private readonly pool: Pool;

  /**
   * @param url of the gateway.
   * @param headers sent with every request.
   * @param connections the most open connections. Further requests wait for one.
   */
  constructor(
    url: string,
    private readonly headers: Readonly<Record<string, string>>,
    connections: number,
  ) {
    this.pool = new Pool(url, { connections, pipelining: 1 });
  }

  /** Sends a request and calls `ended` once, later. */
  send({ path, headers, body }: Payload, ended: Ended): void {
    this.pool.dispatch(
      { path, method: 'POST', headers: { ...this.headers, ...headers }, body },
      new Receiver(ended),
    );
  }

  /** Sends one request. Resolves once it has succeeded. @throws Error with the message of the gateway. */
  async probe({ path, headers, body }: Payload): Promise<void> {
    const response = await this.pool.request({
      path,
      method: 'POST',
      headers: { ...this.headers, ...headers },
      body,
    });
    const text = await response.body.text();
    if (response.statusCode !== 200) throw new Error(`${messageOf(text)} (HTTP ${response.statusCode})`);
  }

  /** Ends all connections. Requests in flight fail. */
  close(): Promise<void> {
    return this.pool.destroy();
  }
}

/** Receives a response. The body of a success is read and dropped. */
class Receiver implements Dispatcher.DispatchHandler {
  private status = 0;
  private text = '';

  constructor(private readonly ended: Ended) {}

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.status !== 200 && this.text.length < MOST_ERROR_BYTES) this.text += chunk.toString();
  }

  onResponseEnd(): void {
    if (this.status === 200) this.ended(undefined, '');
    else this.ended(String(this.status), messageOf(this.text));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: NodeJS.ErrnoException): void {
    this.ended(error.code ?? 'error', error.message);
  }
}

function messageOf(body: string): string {
  return printable(messageIn(body) ?? body.slice(0, 200));
}
