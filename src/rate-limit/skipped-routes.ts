import { Injectable } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';

/**
 * The library's guard, with nothing behind it: it allows the routes that `@SkipThrottle()` leaves out and no others.
 * What the decorator writes, and where, stays the library's own business.
 */
@Injectable()
export class SkippedRoutes extends ThrottlerGuard {
  /** Called by the library for every request whose route is not left out. */
  protected override handleRequest(): Promise<boolean> {
    return Promise.resolve(false);
  }
}
