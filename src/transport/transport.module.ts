import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { MemoryInFlight, quarterOfMemory } from '../common/memory-in-flight';
import { Pace } from '../common/pace';
import { Config } from '../config/config';
import { AdminPort } from './http/admin-port';

/** What all listeners share: the memory of requests in flight, and the minimum transfer rate of clients. */
@Global()
@Module({
  providers: [
    AdminPort,
    {
      provide: MemoryInFlight,
      inject: [Config],
      useFactory: ({ memoryInFlight }: Config) => new MemoryInFlight(memoryInFlight || quarterOfMemory()),
    },
    {
      provide: Pace,
      inject: [Config],
      useFactory: ({ transferTimeoutMs }: Config) => new Pace(transferTimeoutMs),
    },
  ],
  exports: [AdminPort, MemoryInFlight, Pace],
})
export class TransportModule implements OnApplicationShutdown {
  constructor(private readonly pace: Pace) {}

  onApplicationShutdown(): void {
    this.pace.stop();
  }
}
