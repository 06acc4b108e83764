import { Agent } from 'node:http';
import { send, type Answer, type Message } from './http';

/** Clients that each send a request when the last one has been answered. */
export class ClosedLoop {
  /** Requests that were answered. */
  completed = 0;
  /** Answers that were not expected, and requests that got none. */
  readonly failures: string[] = [];
  private readonly agent = new Agent({ keepAlive: true });
  private readonly clients: Promise<void>[];
  private readonly waiting = new Set<() => void>();
  private isOver = false;

  /** Starts `count` clients, whose answers must be `expected`. */
  constructor(
    count: number,
    private readonly url: string,
    private readonly path: string,
    private readonly message: Message,
    private readonly expected: (answer: Answer) => boolean,
  ) {
    this.clients = Array.from({ length: count }, () => this.run());
  }

  /** Resolves when `count` more requests have been answered. */
  more(count: number): Promise<void> {
    const enough = this.completed + count;
    return new Promise((resolve) => {
      const ask = () => {
        if (this.completed < enough) return;
        this.waiting.delete(ask);
        resolve();
      };
      this.waiting.add(ask);
    });
  }

  /** Ends the clients after their last request. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.clients);
    this.agent.destroy();
  }

  private async run(): Promise<void> {
    while (!this.isOver) {
      try {
        const answer = await send(this.url, this.path, { ...this.message, agent: this.agent });
        if (!this.expected(answer)) this.failures.push(`${answer.status}: ${answer.body.toString()}`);
      } catch (error) {
        this.failures.push(String(error));
      }
      this.completed++;
      for (const ask of this.waiting) ask();
    }
  }
}
