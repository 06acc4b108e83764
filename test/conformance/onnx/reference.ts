import { fork, type ChildProcess } from 'node:child_process';
import type { Tensor } from '../tensor.ts';

/** A model, and the requests to run with it, each alone. */
export interface Question {
  readonly path: string;
  readonly requests: readonly (readonly Tensor[])[];
}

/** What a request gives. */
export interface Answer {
  readonly outputs: readonly Tensor[];
}

/** Why there is no answer, in ONNX Runtime's words. */
export interface Refusal {
  readonly refused: string;
}

/**
 * What becomes of a question: an answer or a refusal of each request; a refusal of the model; or `ended`, how the
 * process ended of it.
 */
export type Reply = { readonly answers: readonly (Answer | Refusal)[] } | Refusal | { ended: string };

const LIMIT_MS = 60_000;

/** ONNX Runtime by itself: what Nexus is compared with. It has a process that comes again when a model has ended it. */
export class Reference {
  private child: ChildProcess | undefined;
  private last: Promise<unknown> = Promise.resolve();

  /** Resolves with what becomes of `question`; questions are taken one after the other. */
  ask(question: Question): Promise<Reply> {
    const reply = this.last.then(() => this.reply(question));
    this.last = reply;
    return reply;
  }

  /** Ends the process. */
  stop(): void {
    this.child?.kill();
  }

  private reply(question: Question): Promise<Reply> {
    const child = (this.child ??= this.start());
    return new Promise((resolve) => {
      const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
      const settle = (reply: Reply): void => {
        clearTimeout(limit);
        child.off('message', settle);
        child.off('exit', ended);
        resolve(reply);
      };
      const ended = (code: number | null, signal: string | null): void => {
        this.child = undefined;
        settle({ ended: signal ?? `exit code ${code}` });
      };
      child.on('message', settle);
      child.on('exit', ended);
      child.send(question);
    });
  }

  private start(): ChildProcess {
    return fork('test/conformance/onnx/reference-process.mts', {
      serialization: 'advanced',
      execArgv: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'],
    });
  }
}
