import { createHash } from 'node:crypto';

/** A Lua script that Redis runs atomically. */
export class Script {
  /** The name under which Redis keeps the script. */
  readonly sha: string;

  /** @param source must declare every key that it uses in `KEYS`. */
  constructor(readonly source: string) {
    this.sha = createHash('sha1').update(source).digest('hex');
  }
}
