import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { Board } from '../../../src/cli/top/board';
import { COLUMNS } from '../../../src/cli/top/columns';
import { viewAfter } from '../../../src/cli/top/controls';
import { readEvents, type ServerEvent } from '../../../src/cli/top/events';
import { viewedModels, FIRST_VIEW, screenOf, type View } from '../../../src/cli/top/view';
import type { ConsoleModel, ConsoleSnapshot } from '../../../src/console/console.dto';

function modelOf(name: string, changes: Partial<ConsoleModel> = {}): ConsoleModel {
  return {
    model: name,
    version: '1',
    state: 'READY',
    reason: '',
    platform: 'onnxruntime_onnx',
    device: 'cpu',
    memory_bytes: 85_389_312,
    aliases: [],
    traffic: 1,
    requests_per_s: 0,
    errors_per_s: 0,
    rows_per_s: 0,
    queue_requests: 0,
    running: 0,
    requests: 0,
    errors: {},
    restarts: 0,
    targets: [],
    ...changes,
  };
}

function eventOf(
  event: string,
  models: readonly ConsoleModel[],
  removed: readonly string[] = [],
): ServerEvent {
  const snapshot: ConsoleSnapshot = {
    time: 1_767_225_600_000,
    caller: { id: 'operator', scopes: ['admin'] },
    gateway: {
      version: '0.1.0',
      started: 1_767_225_600_000 - 11_520_000,
      state: 'ready',
      processes: 1,
      cpu_cores: 0.42,
      memory_bytes: 183_500_800,
      in_flight_bytes: 1_048_576,
      in_flight_limit_bytes: 6_442_450_944,
      event_loop_ms: 2.1,
      connections: 64,
    },
    models: [...models],
    removed: [...removed],
    errors: [],
    usage: [],
  };
  return { event, data: JSON.stringify(snapshot) };
}

function boardOf(...models: readonly ConsoleModel[]): Board {
  const board = new Board();
  board.take(eventOf('snapshot', models));
  return board;
}

const namesOf = (board: Board, view: View = FIRST_VIEW) =>
  viewedModels(board, view).map(({ model }) => model);
const columnOf = (title: string) => COLUMNS.findIndex((column) => column.title === title);
const shown = (lines: readonly string[]) => lines.map((line) => stripVTControlCharacters(line));

it('server-sent events are read however they are cut', async () => {
  const text =
    ': hello\n\nevent: snapshot\ndata: {"name":\ndata: "größe"}\n\nid: 7\r\ndata:x\r\n\r\ndata: not complete';
  const bytes = Buffer.from(text);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
      const at = [0, ...cuts.toSorted((one, other) => one - other), bytes.length];
      const body = ReadableStream.from(at.slice(1).map((end, index) => bytes.subarray(at[index], end)));
      const events: ServerEvent[] = [];
      for await (const event of readEvents(body)) events.push(event);
      expect(events).toEqual([
        { event: 'snapshot', data: '{"name":\n"größe"}' },
        { event: 'message', data: 'x' },
      ]);
    }),
  );
});

describe('the board', () => {
  it('applies changes to the snapshot', () => {
    const board = boardOf(modelOf('a'), modelOf('b'), modelOf('c'));
    board.take(eventOf('changes', [modelOf('b', { requests_per_s: 5 }), modelOf('d')], ['a/1']));
    board.take({ event: 'other', data: 'no JSON' });
    expect(namesOf(board)).toEqual(['b', 'c', 'd']);
    board.take(eventOf('snapshot', [modelOf('z')]));
    expect(namesOf(board)).toEqual(['z']);
  });
});

describe('the order', () => {
  const board = boardOf(
    modelOf('idle'),
    modelOf('slow', { requests_per_s: 3, latency: { p50: 1, p95: 2, p99: 90 } }),
    modelOf('busy', { requests_per_s: 90, latency: { p50: 1, p95: 2, p99: 3 } }),
    modelOf('busy-2', { requests_per_s: 1 }),
  );

  it.each([
    ['REQ/S', ['busy', 'slow', 'busy-2', 'idle']],
    ['P99 MS', ['slow', 'busy', 'busy-2', 'idle']],
    ['MODEL', ['busy', 'busy-2', 'idle', 'slow']],
  ])('by %s', (title, expected) => {
    const view = { ...FIRST_VIEW, column: columnOf(title) };
    expect(namesOf(board, view)).toEqual(expected);
    expect(namesOf(board, { ...view, isReversed: true })).toHaveLength(4);
  });

  it('of equal models is that of their names, versions as numbers', () => {
    const equal = boardOf(modelOf('b'), modelOf('a', { version: '10' }), modelOf('a', { version: '9' }));
    expect(viewedModels(equal, FIRST_VIEW).map(({ model, version }) => model + version)).toEqual([
      'a9',
      'a10',
      'b1',
    ]);
  });
});

describe('the screen', () => {
  const anyModel = fc
    .record({ name: fc.string({ minLength: 1, maxLength: 60 }), rate: fc.nat(), reason: fc.string() })
    .map(({ name, rate, reason }) =>
      modelOf(name, { requests_per_s: rate, reason, state: reason === '' ? 'READY' : 'UNAVAILABLE' }),
    );

  it('fits every terminal', () => {
    fc.assert(
      fc.property(
        fc.array(anyModel, { maxLength: 50 }),
        fc.integer({ min: 1, max: 250 }),
        fc.integer({ min: 1, max: 80 }),
        fc.string(),
        (models, width, height, status) => {
          const lines = shown(screenOf(boardOf(...models), FIRST_VIEW, width, height, status));
          expect(lines.length).toBe(height);
          expect(lines.filter((line) => line.length > width)).toEqual([]);
          // Nothing from the gateway moves the cursor.
          // oxlint-disable-next-line no-control-regex
          expect(lines.filter((line) => /[\u0000-\u001F\u007F-\u009F]/.test(line))).toEqual([]);
        },
      ),
    );
  });

  it('has all columns where there is room, and the most important ones elsewhere', () => {
    const board = boardOf(
      modelOf('digits', {
        requests_per_s: 812.5,
        latency: { p50: 1.8, p95: 4.2, p99: 9.7 },
        cache_hits: 0.35,
      }),
    );
    const wide = shown(screenOf(board, FIRST_VIEW, 160, 24, ''));
    expect(wide[0]).toBe(
      'Nexus 0.1.0 ready  up 3 h 12 min  CPU 0.42 cores  memory 175 MiB  event loop 2.10 ms  connections 64  in flight 1.0 MiB',
    );
    expect(wide[2]!.split(/ {2,}/)).toEqual(COLUMNS.map(({ title }) => title));
    expect(wide[3]!.trim().split(/ {2,}/)).toEqual([
      'digits',
      '1',
      'READY',
      '813',
      '0',
      '1.80',
      '4.20',
      '9.70',
      '0',
      '-',
      '35 %',
      '81 MiB',
      'cpu',
    ]);
    expect(shown(screenOf(board, FIRST_VIEW, 40, 24, ''))[2]).toMatch(
      /^MODEL +STATE +REQ\/S +ERR\/S +P99 MS$/,
    );
  });

  it('shows why a model is not available, and what is wrong with the connection', () => {
    const board = boardOf(modelOf('broken', { state: 'UNAVAILABLE', reason: 'the file is truncated' }));
    const lines = shown(screenOf(board, FIRST_VIEW, 80, 24, 'cannot reach the gateway'));
    expect(lines.slice(-2)).toEqual(['broken/1: the file is truncated', 'cannot reach the gateway']);
  });
});

describe('keys', () => {
  const extent = { models: 30, rows: 10 };
  /** The view after `keys`: names of keys, or characters. */
  const after = (...keys: readonly string[]): View | undefined =>
    keys.reduce<View | undefined>(
      (view, key) => view && viewAfter(view, { name: key }, key.length === 1 ? key : undefined, extent),
      FIRST_VIEW,
    );

  it('quit, but not while a filter is typed', () => {
    expect(after('q')).toBeUndefined();
    expect(viewAfter(FIRST_VIEW, { name: 'c', ctrl: true }, '\u0003', extent)).toBeUndefined();
    expect(after('/', 'q')).toMatchObject({ filter: 'q', isTyping: true });
  });

  it('type a filter', () => {
    expect(after('/', 'a', 'b', 'backspace', 'return')).toMatchObject({ filter: 'a', isTyping: false });
    expect(after('/', 'a', 'escape')).toMatchObject({ filter: '', isTyping: false });
    const board = boardOf(modelOf('Alpha'), modelOf('beta'), modelOf('gamma'));
    expect(namesOf(board, after('/', 'a', 'm'))).toEqual(['gamma']);
  });

  it('sort, all around', () => {
    expect(after('right')).toMatchObject({ column: columnOf('ERR/S') });
    expect(after(...COLUMNS.map(() => 'left'))).toEqual(FIRST_VIEW);
    expect(after('r')).toMatchObject({ isReversed: true });
  });

  it('scroll, as far as there are models', () => {
    expect(after('down', 'down', 'up')).toMatchObject({ offset: 1 });
    expect(after('up')).toMatchObject({ offset: 0 });
    expect(after('pagedown', 'pagedown', 'pagedown')).toMatchObject({ offset: 20 });
  });
});
