/**
 * What `run` makes of each of `items`, in their order, with at most `concurrency` under way or waiting to be read. A
 * result is given once it is there, however long the next item takes to come. When one fails or the reader leaves, the signal
 * of the others is aborted and the source is closed.
 *
 * @throws RangeError unless `concurrency` is a whole number from 1.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  concurrency: number,
  run: (item: Item, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  if (!(Number.isInteger(concurrency) && concurrency > 0))
    throw new RangeError(`concurrency: expected a whole number from 1, got ${concurrency}`);
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const stop = new AbortController();
  const running: Promise<Result>[] = [];
  let coming: Promise<IteratorResult<Item>> | undefined;
  let isOver = false;
  try {
    while (!isOver || running.length > 0) {
      if (!isOver && running.length < concurrency) coming ??= Promise.resolve(source.next());
      const event = await firstOf(running[0], coming);
      if ('result' in event) {
        void running.shift();
        yield event.result;
        continue;
      }
      coming = undefined;
      if (event.item.done === true) isOver = true;
      else running.push(awaitedLater(run(event.item.value, stop.signal)));
    }
  } finally {
    stop.abort();
    const closed = source.return?.();
    // A source that waits for its next item closes when that has come, for which nobody should wait.
    if (coming === undefined) await closed;
  }
}

function firstOf<Item, Result>(
  running: Promise<Result> | undefined,
  coming: Promise<Item> | undefined,
): Promise<{ result: Result } | { item: Item }> {
  return Promise.race([
    ...(running === undefined ? [] : [running.then((result) => ({ result }))]),
    ...(coming === undefined ? [] : [coming.then((item) => ({ item }))]),
  ]);
}

/** `promise`, whose failure is told when its turn comes and is not unhandled until then. */
function awaitedLater<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {});
  return promise;
}
