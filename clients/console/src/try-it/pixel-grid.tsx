import { useEffect, useRef } from 'preact/hooks';

/** Grey values from 0 (paper) to 1 (ink) as a picture. */
export function PixelGrid({ pixels, label }: { pixels: readonly (readonly number[])[]; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    context.clearRect(0, 0, canvas.current!.width, canvas.current!.height);
    context.fillStyle = getComputedStyle(canvas.current!).color;
    for (const [y, row] of pixels.entries())
      for (const [x, share] of row.entries()) {
        context.globalAlpha = Math.min(Math.max(share, 0), 1);
        context.fillRect(x, y, 1, 1);
      }
  }, [pixels]);
  return (
    <canvas
      ref={canvas}
      class="pixels"
      width={pixels[0]?.length ?? 1}
      height={pixels.length}
      role="img"
      aria-label={label}
    />
  );
}
