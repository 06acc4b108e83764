import { setTimeout as delay } from 'node:timers/promises';
import type { ConsoleSnapshot } from '../../console/console.dto';
import { asJson } from '../../observability/log/log-form';
import { CommandError } from '../command-error';
import { GatewayClient } from '../gateway-client';
import type { GatewayOptions } from '../gateway-options';
import { END_SIGNALS } from '../interrupt';
import { table } from '../table';
import { Board } from './board';
import { COLUMNS, painted } from './columns';
import { viewAfter } from './controls';
import { readEvents, type ServerEvent } from './events';
import { Screen } from './screen';
import { viewedModels, FIRST_VIEW, rowsIn, screenOf } from './view';

const SNAPSHOT_PATH = '/v1/console';
const EVENTS_PATH = '/v1/console/events';
/** Time between two attempts to reach the gateway again. */
const RETRY_MS = 1000;

/**
 * Runs `nexus top`: live on a terminal until the user quits; otherwise prints one snapshot.
 * @throws CommandError
 */
export async function runTop(options: GatewayOptions): Promise<void> {
  const gateway = GatewayClient.forOperators(options);
  if (options.json === true || !process.stdout.isTTY || !process.stdin.isTTY)
    return printOnce(gateway, options.json === true);
  const ended = new AbortController();
  try {
    await showLive(gateway, await eventsOf(gateway, ended.signal), ended);
  } finally {
    ended.abort();
  }
}

async function eventsOf(gateway: GatewayClient, signal: AbortSignal): Promise<AsyncGenerator<ServerEvent>> {
  const { body } = await gateway.send(EVENTS_PATH, { headers: { accept: 'text/event-stream' }, signal });
  if (body === null) throw new CommandError('the gateway sent no events');
  return readEvents(body);
}

/** Prints one snapshot, whose rates the gateway measures for a second unless another client reads them. */
async function printOnce(gateway: GatewayClient, isJson: boolean): Promise<void> {
  const snapshot = await gateway.get<ConsoleSnapshot>(SNAPSHOT_PATH);
  if (!Array.isArray(snapshot?.models)) throw gateway.stranger();
  const data = asJson(JSON.stringify(snapshot));
  if (isJson) {
    process.stdout.write(`${data}\n`);
    return;
  }
  const board = new Board();
  board.take({ event: 'snapshot', data });
  const rows = viewedModels(board, FIRST_VIEW).map((model) =>
    COLUMNS.map((column) => painted(column, model, column.text(model))),
  );
  const header = COLUMNS.map(({ title }) => title);
  const right = [...COLUMNS.keys()].filter((index) => COLUMNS[index]!.isRight);
  process.stdout.write(`${table(header, rows, { right })}\n`);
}

/** Shows the models until the user quits. Connects again if the gateway ends. */
async function showLive(
  gateway: GatewayClient,
  first: AsyncGenerator<ServerEvent>,
  ended: AbortController,
): Promise<void> {
  const board = new Board();
  let view = FIRST_VIEW;
  let status = '';
  const draw = () => screen.draw(screenOf(board, view, screen.width, screen.height, status));
  const stop = () => ended.abort();
  const screen: Screen = new Screen(
    process.stdin,
    process.stdout,
    (key, text) => {
      const extent = { models: viewedModels(board, view).length, rows: rowsIn(screen.height, board) };
      const next = viewAfter(view, key, text, extent);
      if (next === undefined) return stop();
      view = next;
      draw();
    },
    // Called while the screen opens, too.
    () => setImmediate(draw),
  );
  for (const name of END_SIGNALS) process.on(name, stop);
  try {
    for (let events: AsyncGenerator<ServerEvent> | undefined = first; !ended.signal.aborted;) {
      try {
        events ??= await eventsOf(gateway, ended.signal);
        for await (const event of events) {
          board.take(event);
          status = '';
          draw();
        }
        status = 'the gateway ended the stream; connecting again';
      } catch (error) {
        if (ended.signal.aborted) return;
        status = error instanceof CommandError ? error.message : 'the connection ended; connecting again';
      }
      events = undefined;
      draw();
      await delay(RETRY_MS, undefined, { signal: ended.signal }).catch(() => {});
    }
  } finally {
    for (const name of END_SIGNALS) process.off(name, stop);
    screen.close();
  }
}
