/** Ids of the processes that a runner must not outlive: its parent and the parent of its parent. */
export interface Ancestors {
  readonly spawner: number;
  readonly gateway: number;
}
