import { Injectable } from '@nestjs/common';
import { Siblings } from '../common/siblings';
import { Config } from '../config/config';
import type { Limiter } from './limiter';
import { MemoryLimiter } from './memory-limiter';
import { ProcessLimiter } from './processes/process-limiter';

/** Enforces limits on this machine: in the memory of this process, or of all gateway processes together. */
@Injectable()
export class LocalLimiter {
  readonly limiter: Limiter;

  constructor(siblings: Siblings, config: Config) {
    this.limiter = siblings.count === 1 ? new MemoryLimiter() : new ProcessLimiter(siblings, config);
  }
}
