import { join } from 'node:path';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import { Offload } from '../../common/offload';
import { ThreadTokenizer } from './thread-tokenizer';
import type { Tokenizer } from './tokenizer';
import type { LoadedFile, TokenizerFile } from './tokenizer-tasks';

const WORKER = join(__dirname, 'tokenizer.worker.js');

/** The native library encodes on the threads of libuv, which are four by default. */
const CONCURRENT_TASKS = 4;

/**
 * Loads tokenizers on one thread and runs their work there. The thread starts with the first tokenizer. If it ends
 * unexpectedly, the next one loads the tokenizers in use again from their files.
 */
export class Tokenizers extends Offload {
  private lastNumber = 0;
  private closed = false;

  constructor() {
    super(WORKER, 1, 0, { concurrentTasks: CONCURRENT_TASKS });
  }

  /**
   * Loads a file in the format of tokenizer.json.
   *
   * @throws Error with one line for the operator, if `path` is not a regular file of at most 64 MiB that holds a
   * valid tokenizer.
   */
  async load(path: string): Promise<Tokenizer> {
    const file: TokenizerFile = { number: ++this.lastNumber, path, digest: undefined };
    const { digest, vocabularySize } = await this.runAgain<LoadedFile>('load', file);
    return new ThreadTokenizer(vocabularySize, digest, { ...file, digest }, (name, task) =>
      this.runAgain(name, task),
    );
  }

  override onApplicationShutdown(): Promise<void> {
    this.closed = true;
    return super.onApplicationShutdown();
  }

  /** Like `runOnThread`, but runs a task once more if its thread ended, for which another task may be to blame. */
  private async runAgain<T>(name: string, task: unknown): Promise<T> {
    // The pool would never answer.
    if (this.closed) throw errors.notReady('it is shutting down');
    try {
      return await this.runOnThread<T>(name, task);
    } catch (error) {
      if (error instanceof NexusError || this.closed || name === 'load') throw error;
      return this.runOnThread<T>(name, task);
    }
  }
}
