// The QR code says what it should: read back by another library from the very path that is drawn.
import jsQR from "jsqr";
import { expect, it } from "vitest";
import { qrPath } from "./qr";

// Draws the path as a browser would, so many pixels to a square.
function draw(text: string, scale: number): { pixels: Uint8ClampedArray; side: number } {
  const { size, path } = qrPath(text);
  const side = size * scale;
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let dy = 0; dy < scale; dy++) {
      for (let dx = 0; dx < scale; dx++) {
        const at = ((Number(y) * scale + dy) * side + Number(x) * scale + dx) * 4;
        pixels.fill(0, at, at + 3);
      }
    }
  }
  return { pixels, side };
}

it("is read back as the address", () => {
  const addresses = [
    "https://tv.example/pair?code=BCDF-GHJK",
    "http://192.168.178.20:8080/pair?code=BCDF-GHJK",
    `https://fernsehen.stadtwerke-münchhausen.example/pair?code=${"X".repeat(40)}`,
  ];
  for (const address of addresses) {
    const { pixels, side } = draw(address, 6);
    expect(jsQR(pixels, side, side)?.data).toBe(address);
  }
});

it("leaves readers four squares of quiet all around", () => {
  const { size, path } = qrPath("https://tv.example/pair?code=BCDF-GHJK");
  const places = [...path.matchAll(/M(\d+) (\d+)/g)].flatMap(([, x, y]) => [Number(x), Number(y)]);
  expect(Math.min(...places)).toBe(4);
  expect(Math.max(...places)).toBe(size - 5);
});
