import { Pace, SLOWEST_BYTES_PER_SECOND } from '../../../src/common/pace';

const WINDOW_MS = 10_000;
const LEAST = SLOWEST_BYTES_PER_SECOND * 10;

let pace: Pace;
let now: number;
beforeEach(() => {
  now = 0;
  pace = new Pace(WINDOW_MS, () => now);
});
afterEach(() => pace.stop());

function pass(ms: number): void {
  now += ms;
  pace.look();
}

it('cuts off once what moves too little in a window, and nothing earlier', () => {
  const cut = jest.fn();
  const transfer = pace.watch(cut);
  for (let window = 0; window < 5; window++) {
    transfer.moved += LEAST;
    pass(WINDOW_MS / 2);
    pass(WINDOW_MS / 2 + 1);
  }
  expect(cut).not.toHaveBeenCalled();
  transfer.moved += LEAST - 1;
  pass(WINDOW_MS - 2);
  expect(cut).not.toHaveBeenCalled();
  pass(3);
  pass(WINDOW_MS);
  expect(cut).toHaveBeenCalledTimes(1);
});

it('leaves what has ended, and what waits on this side', () => {
  const cut = jest.fn();
  let isHeld = true;
  pace.watch(cut).end();
  const held = pace.watch(cut, () => isHeld);
  pass(3 * WINDOW_MS);
  isHeld = false;
  pass(WINDOW_MS - 1);
  expect(cut).not.toHaveBeenCalled();
  pass(1);
  expect(cut).toHaveBeenCalledTimes(1);
  held.end();
});
