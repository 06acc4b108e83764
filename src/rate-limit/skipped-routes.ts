import { Injectable } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';

/**
 * Allows only the routes that `@SkipThrottle()` excludes. It extends the library's guard, so what the
 * decorator writes remains an implementation detail of the library.
 */
@Injectable()
export class SkippedRoutes extends ThrottlerGuard {
  /** The library calls it for every request whose route is not excluded. */
  protected override handleRequest(): Promise<boolean> {
    return Promise.resolve(false);
  }
}
