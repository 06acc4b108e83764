import { Injectable } from '@nestjs/common';

/** Whether the server is on its way out: it still serves, and says that it is not ready. */
@Injectable()
export class Drain {
  private begun = false;

  get active(): boolean {
    return this.begun;
  }

  /** From now on readiness fails. There is no way back. */
  begin(): void {
    this.begun = true;
  }
}
