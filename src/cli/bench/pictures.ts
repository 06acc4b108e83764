const WIDTH = 640;
const HEIGHT = 480;

/** `count` different JPEG pictures of 640x480 pixels, drawn from shapes and gradients. */
export async function drawnPictures(count: number): Promise<Buffer[]> {
  const { default: sharp } = await import('sharp');
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      sharp(Buffer.from(drawing(index)))
        .jpeg({ quality: 85 })
        .toBuffer(),
    ),
  );
}

function drawing(index: number): string {
  const hue = (index * 47) % 360;
  const shapes = Array.from({ length: 24 }, (_, shape) => {
    const x = (shape * 131 + index * 71) % WIDTH;
    const y = (shape * 89 + index * 53) % HEIGHT;
    const colour = `hsl(${(hue + shape * 29) % 360} 60% ${30 + ((shape * 7) % 50)}%)`;
    return shape % 2 === 0
      ? `<circle cx="${x}" cy="${y}" r="${20 + shape * 3}" fill="${colour}"/>`
      : `<rect x="${x}" y="${y}" width="${30 + shape * 4}" height="${20 + shape * 3}" fill="${colour}" opacity="0.8"/>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}"><defs><linearGradient id="sky" y2="1">` +
    `<stop stop-color="hsl(${hue} 50% 80%)"/><stop offset="1" stop-color="hsl(${hue} 50% 30%)"/></linearGradient></defs>` +
    `<rect width="100%" height="100%" fill="url(#sky)"/>${shapes.join('')}</svg>`
  );
}
