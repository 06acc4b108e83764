import { Injectable } from '@nestjs/common';
import { Cluster } from '../common/cluster';
import { Config } from '../config/config';
import type { Limiter } from './limiter';
import { MemoryLimiter } from './memory-limiter';
import { ProcessLimiter } from './processes/process-limiter';

/** Enforces limits on this machine: in the memory of this process, or of all gateway processes together. */
@Injectable()
export class LocalLimiter {
  readonly limiter: Limiter;

  constructor(cluster: Cluster, config: Config) {
    this.limiter = cluster.count === 1 ? new MemoryLimiter() : new ProcessLimiter(cluster, config);
  }
}
