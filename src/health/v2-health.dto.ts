/** The process is alive. */
export class V2Live {
  live: true;
}

/** The server is ready. */
export class V2Ready {
  ready: true;
}
