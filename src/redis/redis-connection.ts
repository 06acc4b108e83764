import { Logger } from '@nestjs/common';
import { createClient, RESP_TYPES } from '@redis/client';
import type { Script } from './script';
import { withoutPassword } from './without-password';

/** Longer than a nearby Redis takes to respond, and shorter than anybody should wait for one. */
const TIMEOUT_MS = 50;

/** Number of parts of that time. */
const STEPS = 5;

/** How long Redis is not used after a failure, and the interval of probes from then on. */
const PAUSE_MS = 1000;

/** Maximum number of commands in flight, which limits the memory that a hanging Redis can hold. */
const MAX_COMMANDS = 1000;

/** After this many failed probes, the connection is replaced: its host may be gone, or its name may have moved. */
const PROBES_PER_CONNECTION = 5;

/** The client of the library that sends commands. */
export type RedisClient = ReturnType<typeof clientOf>;

/**
 * The connection of this process to Redis or Valkey, shared by everything that uses it. A command takes at most 50 ms.
 * After a failure, commands fail at once until a probe in the background succeeds, so that no request waits for a Redis
 * that is gone. The log has one line when Redis goes, and one when it is back.
 */
export class RedisConnection {
  private readonly logger = new Logger('Redis');
  private readonly consequences: string[] = [];
  private client: RedisClient;
  private commands = 0;
  private isDown = false;
  private isClosed = false;
  /** Whether the server is no longer a primary, and its host name may have another address. */
  private isDemoted = false;
  private failedProbes = 0;
  private probe: NodeJS.Timeout | undefined;
  private settleOpened!: () => void;

  /** Resolves when the first attempt to connect has succeeded or failed, which takes about a second at most. */
  readonly opened = new Promise<void>((resolve) => (this.settleOpened = resolve));

  /** Why the last command or attempt to connect failed, without a password; empty if none has. */
  fault = '';

  /**
   * @param url `redis://` or, for TLS, `rediss://`.
   * @param timeoutMs how long a command may take, in milliseconds.
   * @param isSilent whether it writes nothing to the log, because its user does.
   */
  constructor(
    private readonly url: string,
    readonly timeoutMs = TIMEOUT_MS,
    private readonly isSilent = false,
  ) {
    this.client = this.connect();
  }

  /** Whether Redis is connected and has answered the last command. */
  get isUp(): boolean {
    return this.client.isReady && !this.isDown;
  }

  /**
   * Adds to the warning that Redis is not available.
   * @param consequence what happens instead, such as `models compute every response`.
   */
  announce(consequence: string): void {
    this.consequences.push(consequence);
  }

  /**
   * The reply to `command`; undefined if Redis is not available, does not answer in time, or has too many commands to
   * answer. Redis may still execute a command that has timed out. Never rejects.
   */
  async execute<T>(command: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    if (!this.isUp || this.commands >= MAX_COMMANDS) return undefined;
    return this.attempt(command);
  }

  /**
   * The reply to `script`, as {@link execute}.
   * @param keys in a cluster, all of them must be in one slot.
   */
  evaluate(script: Script, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown> {
    const options = { keys: [...keys], arguments: [...args] };
    return this.execute((client) =>
      client.evalSha(script.sha, options).catch((error: Error) => {
        // Redis has been restarted, or its scripts have been flushed. EVAL stores the script again.
        if (error.message.startsWith('NOSCRIPT')) return client.eval(script.source, options);
        throw error;
      }),
    );
  }

  /** Closes the connection. Commands in flight return undefined. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.probe);
    if (this.client.isOpen) this.client.destroy();
  }

  private connect(): RedisClient {
    const client = clientOf(this.url);
    client.on('ready', () => {
      this.settleOpened();
      if (this.isDown && client === this.client) void this.test();
    });
    client.on('error', (error: Error) => {
      this.settleOpened();
      if (client === this.client) this.failed(error);
    });
    // The client retries until it is connected, and reports its errors by event.
    client.connect().catch(() => {});
    return client;
  }

  private async attempt<T>(command: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.inTime(this.send(command));
    } catch (error) {
      this.failed(error as Error);
      return undefined;
    }
  }

  private async send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    this.commands++;
    try {
      return await command(this.client);
    } finally {
      this.commands--;
    }
  }

  /**
   * Waits in steps: when the machine stops for a while, this process and Redis stop together, and only the step under way
   * counts the pause.
   */
  private inTime<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let left = STEPS;
      let timer: NodeJS.Timeout | undefined;
      const ended = () => {
        left -= 1;
        if (left > 0) step();
        else reject(new Error(`no response within ${this.timeoutMs} ms`));
      };
      const step = () => {
        // If this process was busy, the reply may have arrived: it is read before an immediate runs.
        timer = setTimeout(() => setImmediate(ended), this.timeoutMs / STEPS);
      };
      // The library writes commands in an immediate. In a busy process, that can be long after now.
      const immediate = setImmediate(step);
      work.then(resolve, reject).finally(() => {
        left = 0;
        clearImmediate(immediate);
        clearTimeout(timer);
      });
    });
  }

  private failed(error: Error): void {
    if (this.isClosed) return;
    // An attempt to connect to several addresses fails with a list of errors and no message.
    this.fault = withoutPassword(error.message || String((error as NodeJS.ErrnoException).code), this.url);
    if (!this.isDown && !this.isSilent) {
      const instead = this.consequences.join(', and ');
      this.logger.warn(`Redis is not available${instead === '' ? '' : `, so ${instead}`}: ${this.fault}`);
    }
    this.isDown = true;
    if (error.message.startsWith('READONLY')) this.isDemoted = true;
    this.probe ??= setTimeout(() => void this.test(), PAUSE_MS).unref();
  }

  /** Decides whether Redis is used again. */
  private async test(): Promise<void> {
    clearTimeout(this.probe);
    this.probe = undefined;
    if (this.isDemoted && !this.isClosed) this.reconnect();
    if (this.client.isReady && (await this.attempt((client) => client.ping())) !== undefined) {
      if (this.isDown && !this.isSilent) this.logger.log('Redis is available again');
      this.isDown = false;
      this.failedProbes = 0;
    } else if (!this.isClosed) {
      this.failedProbes++;
      if (this.failedProbes % PROBES_PER_CONNECTION === 0) this.reconnect();
      this.probe ??= setTimeout(() => void this.test(), PAUSE_MS).unref();
    }
  }

  private reconnect(): void {
    const { client } = this;
    this.isDemoted = false;
    this.client = this.connect();
    if (client.isOpen) client.destroy();
  }
}

function clientOf(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: PAUSE_MS, reconnectStrategy: PAUSE_MS },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
}
