/** The request budget of each client, for requests that do not pass the rate limit guard. */
export abstract class Budget {
  /** Counts one request of `caller`. @throws NexusError of kind `rate_limited` if the budget is used up. */
  abstract spend(caller: string): void;
}
