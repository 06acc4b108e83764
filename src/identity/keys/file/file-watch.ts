import { stampOf } from '../../../common/file-stamp';

/**
 * Calls a function when a file has changed. It polls, because that also sees links that are swapped, such as those of
 * Kubernetes secrets, and files that editors replace.
 */
export class FileWatch {
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  /**
   * @param applied what {@link stampOf} gave before the file was read.
   * @param onChange is called when two polls have seen the same change. The next poll begins when it has finished.
   */
  constructor(
    private readonly path: string,
    private applied: string,
    private readonly onChange: () => Promise<void>,
    private readonly pollMs: number,
  ) {
    this.schedule(applied);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private schedule(seen: string): void {
    if (!this.isStopped) this.timer = setTimeout(() => void this.poll(seen), this.pollMs).unref();
  }

  private async poll(before: string): Promise<void> {
    const seen = await stampOf(this.path);
    // A file that is still being written would be read in part.
    if (seen !== this.applied && seen === before) {
      this.applied = seen;
      await this.onChange();
    }
    this.schedule(seen);
  }
}
