import { useEffect, useRef, useState } from 'preact/hooks';
import type { Grid } from './editors.ts';
import { PixelGrid } from './pixel-grid.tsx';
import { pixelsIn } from './ink.ts';

interface Props {
  readonly grid: Grid;
  /** Grey values from 0 (paper) to 1 (ink). */
  readonly pixels: readonly (readonly number[])[];
  readonly onDraw: (pixels: number[][]) => void;
  /** A stroke has ended. */
  readonly onEnd: () => void;
}

const EDGE = 280;
const PEN = EDGE * 0.115;
const STEP = EDGE / 20;

/** A sheet to draw on, with a pointer or with the arrow keys, and what the model sees of it. */
export function Drawing({ grid, pixels, onDraw, onEnd }: Props) {
  const sheet = useRef<HTMLCanvasElement>(null);
  const pen = useRef({ x: EDGE / 2, y: EDGE / 2, isDown: false, hasInk: false });

  /** Where the arrow keys have moved the pen; undefined until they have. */
  const [tip, setTip] = useState<{ x: number; y: number }>();

  // Until something is drawn, the sheet shows the example.
  useEffect(() => {
    if (!pen.current.hasInk) paint(sheet.current!, pixels);
  }, [pixels]);

  const context = () => sheet.current!.getContext('2d', { willReadFrequently: true })!;
  const clear = () => {
    context().clearRect(0, 0, EDGE, EDGE);
    pen.current.hasInk = false;
  };
  const line = (x: number, y: number) => {
    const ink = context();
    if (!pen.current.hasInk) clear();
    pen.current.hasInk = true;
    ink.strokeStyle = ink.fillStyle = getComputedStyle(sheet.current!).color;
    ink.lineWidth = PEN;
    ink.lineCap = ink.lineJoin = 'round';
    ink.beginPath();
    ink.moveTo(pen.current.x, pen.current.y);
    ink.lineTo(x, y);
    ink.stroke();
    Object.assign(pen.current, { x, y });
    onDraw(pixelsIn(sheet.current!, grid.width, grid.height));
  };
  const place = (event: PointerEvent) => {
    const box = sheet.current!.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * EDGE,
      ((event.clientY - box.top) / box.height) * EDGE,
    ] as const;
  };
  const start = (event: PointerEvent) => {
    sheet.current!.setPointerCapture(event.pointerId);
    const [x, y] = place(event);
    Object.assign(pen.current, { x, y, isDown: true });
    line(x, y);
  };
  const move = (event: PointerEvent) => {
    if (pen.current.isDown) line(...place(event));
  };
  const end = () => {
    if (!pen.current.isDown) return;
    pen.current.isDown = false;
    onEnd();
  };
  const press = (event: KeyboardEvent) => {
    const [dx, dy] = ARROWS[event.key] ?? [0, 0];
    if (event.key === ' ') {
      if (pen.current.isDown) end();
      else {
        pen.current.isDown = true;
        line(pen.current.x, pen.current.y);
      }
    } else if (dx !== 0 || dy !== 0) {
      const x = Math.min(Math.max(pen.current.x + dx * STEP, 0), EDGE);
      const y = Math.min(Math.max(pen.current.y + dy * STEP, 0), EDGE);
      if (pen.current.isDown) line(x, y);
      else Object.assign(pen.current, { x, y });
      setTip({ x, y });
    } else return;
    event.preventDefault();
  };
  const erase = () => {
    clear();
    onDraw(pixels.map((row) => row.map(() => 0)));
  };
  const isBlank = pixels.every((row) => row.every((share) => share === 0));
  return (
    <div class="drawing">
      <div class="paper">
        <canvas
          ref={sheet}
          class="sheet"
          width={EDGE}
          height={EDGE}
          tabIndex={0}
          role="application"
          aria-label="Drawing. The arrow keys move the pen; Space puts it down and lifts it."
          onPointerDown={start}
          onPointerMove={move}
          onPointerUp={end}
          onPointerCancel={end}
          onKeyDown={press}
        />
        {tip && (
          <i
            class="pen"
            aria-hidden="true"
            style={{ left: `${(tip.x / EDGE) * 100}%`, top: `${(tip.y / EDGE) * 100}%` }}
          />
        )}
        {isBlank && <span aria-hidden="true">Draw here</span>}
      </div>
      <div class="drawing-side">
        <span class="muted small">
          As the model sees it, {grid.height}&nbsp;×&nbsp;{grid.width}
        </span>
        <PixelGrid pixels={pixels} label={`The drawing in ${grid.height} by ${grid.width} pixels`} />
        <button type="button" onClick={erase}>
          Clear
        </button>
      </div>
    </div>
  );
}

const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function paint(sheet: HTMLCanvasElement, pixels: Props['pixels']): void {
  const context = sheet.getContext('2d', { willReadFrequently: true })!;
  context.clearRect(0, 0, EDGE, EDGE);
  context.fillStyle = getComputedStyle(sheet).color;
  const height = EDGE / pixels.length;
  for (const [y, row] of pixels.entries())
    for (const [x, share] of row.entries()) {
      const width = EDGE / row.length;
      context.globalAlpha = Math.min(Math.max(share, 0), 1);
      context.fillRect(x * width, y * height, width, height);
    }
  context.globalAlpha = 1;
}
