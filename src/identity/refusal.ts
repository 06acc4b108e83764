/** Why credentials were refused. For the log only: clients learn only that they were refused. */
export class Refusal {
  /**
   * @param reason plain text without any part of the credentials, such as `the key has expired`.
   * @param key id of the key, if it is known.
   * @param unavailable whether the credentials could not be checked, which is not the client's mistake: it may retry.
   */
  constructor(
    readonly reason: string,
    readonly key?: string,
    readonly unavailable = false,
  ) {}
}
