import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Forwards connections to a server, which can so appear slow or gone without a change to it. */
export class Relay {
  /** How much later the bytes of the server arrive, in milliseconds. */
  delayMs = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private to: URL;
  private port = 0;

  private constructor(to: URL) {
    this.to = to;
    this.server = createServer((socket) => this.accept(socket));
  }

  static async start(to: string): Promise<Relay> {
    const relay = new Relay(new URL(to));
    await relay.up();
    return relay;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** From now on, forwards new connections to another server. */
  leadTo(url: string): void {
    this.to = new URL(url);
  }

  /** Accepts connections, always on the same port. */
  async up(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Resets all connections, and refuses new ones. */
  async down(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
    await once(this.server, 'close');
  }

  async stop(): Promise<void> {
    if (this.server.listening) await this.down();
  }

  private accept(client: Socket): void {
    const server = connect(Number(this.to.port), this.to.hostname);
    client.pipe(server);
    server.on('data', (bytes: Buffer) => {
      if (this.delayMs === 0) client.write(bytes);
      else setTimeout(() => client.write(bytes), this.delayMs);
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      // The other one ends with it.
      socket.on('error', () => {});
      socket.once('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
