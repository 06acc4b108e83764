/** Returns a number from 0 up to, but not including, 1, as Math.random does. */
export type Random = () => number;

/**
 * When independent clients send their requests: a Poisson process. Its gaps have an exponential distribution, so that requests
 * come in bursts, as they do from many clients.
 */
export class Arrivals {
  private at = 0;

  /** @param rate mean requests per second. */
  constructor(
    private readonly rate: number,
    private readonly random: Random = Math.random,
  ) {}

  /** The time of the next request, in milliseconds since the start. Never less than the last one. */
  next(): number {
    this.at += (-Math.log(1 - this.random()) / this.rate) * 1000;
    return this.at;
  }
}
