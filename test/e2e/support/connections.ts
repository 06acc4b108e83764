import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import type { Gateway } from './gateway';
import { send, type Answer, type Message } from './http';

/** The kernel spreads connections by their ports; this many are enough to reach each of two processes. */
const MAX_CONNECTIONS = 200;

/** A kept connection to one process of a gateway with several. */
export class ProcessConnection {
  private constructor(
    private readonly url: string,
    private readonly agent: Agent,
  ) {}

  /** Opens connections until one reaches the process `pid`. */
  static async to(gateway: Gateway, pid: number): Promise<ProcessConnection> {
    for (let opened = 0; opened < MAX_CONNECTIONS; opened++) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      await send(gateway.url, '/health/live', { agent });
      const [socket] = Object.values(agent.freeSockets).flat() as Socket[];
      if (ownsConnection(pid, Number(new URL(gateway.url).port), socket!.localPort!))
        return new ProcessConnection(gateway.url, agent);
      agent.destroy();
    }
    throw new Error(`none of ${MAX_CONNECTIONS} connections reached the process ${pid}`);
  }

  /** Sends a request on this connection. */
  send(path: string, message: Message = {}): Promise<Answer> {
    return send(this.url, path, { ...message, agent: this.agent });
  }

  /** Sends a POST request with a body of JSON. */
  post(path: string, body: unknown = {}, headers: Message['headers'] = {}): Promise<Answer> {
    return this.send(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Whether the process `pid` has the connection from `remotePort` to `localPort` of this machine. */
function ownsConnection(pid: number, localPort: number, remotePort: number): boolean {
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((text) => text.trim().split(/\s+/))
    .find(([, local, remote]) => local?.endsWith(hex(localPort)) && remote?.endsWith(hex(remotePort)));
  return readdirSync(`/proc/${pid}/fd`).some((fd) => targetOf(pid, fd) === `socket:[${line?.[9]}]`);
}

function targetOf(pid: number, fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    // It has been closed meanwhile.
    return undefined;
  }
}
