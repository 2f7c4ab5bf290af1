/**
 * Renders build-resources/icon.svg to the icon files of Linux, Windows and macOS, and to those of the notification area. Run `npx tsx e2e/icons.ts` after a change of
 * the drawing, and commit the files.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { launchChromium } from './chromium.ts';

const folder = resolve(import.meta.dirname, '..', 'build-resources');

/** Sizes of Linux icon themes, in pixels. */
const linuxSizes = [16, 24, 32, 48, 64, 128, 256, 512];
const windowsSizes = [16, 24, 32, 48, 64, 128, 256];
/** The PNG types of an .icns file and their sizes in pixels. ic10 to ic14 are for displays with double density. */
const macTypes = {
  icp4: 16,
  icp5: 32,
  ic07: 128,
  ic08: 256,
  ic09: 512,
  ic11: 32,
  ic12: 64,
  ic13: 256,
  ic14: 512,
  ic10: 1024,
};

const drawing = await readFile(join(folder, 'icon.svg'), 'utf8');
const sizes = [...new Set([...linuxSizes, ...windowsSizes, ...Object.values(macTypes)])];
const square = await render(drawing, 1);
// macOS icons have a margin: the drawing fills 824 of 1024 points
const inset = await render(drawing, 824 / 1024);

// the menu bar of macOS uses only the transparency of a template, so that the background is left out and the frame fills it
const template = await render(
  drawing
    .replace(/<rect.*\n/, '')
    .replaceAll(/stroke="#\w+"/g, 'stroke="#000"')
    .replace('0 0 32 32', '4 5 24 23'),
  1,
);

await mkdir(join(folder, 'icons'), { recursive: true });
await mkdir(join(folder, 'tray'), { recursive: true });
for (const [suffix, scale] of [
  ['', 1],
  ['@2x', 2],
] as const) {
  await writeFile(join(folder, 'tray', `tray${suffix}.png`), picture(square, 16 * scale));
  await writeFile(join(folder, 'tray', `trayTemplate${suffix}.png`), picture(template, 16 * scale));
}
for (const size of linuxSizes) {
  await writeFile(join(folder, 'icons', `${size}x${size}.png`), picture(square, size));
}
await writeFile(join(folder, 'icon.ico'), ico(windowsSizes.map((size) => [size, picture(square, size)])));
await writeFile(
  join(folder, 'icon.icns'),
  icns(Object.entries(macTypes).map(([type, size]) => [type, picture(inset, size)])),
);

/** Renders the drawing as PNG in all sizes. @param part the share of the width that the drawing fills */
async function render(svg: string, part: number): Promise<Map<number, Buffer>> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const pictures = new Map<number, Buffer>();
    for (const size of sizes) {
      await page.setViewportSize({ width: size, height: size });
      await page.setContent(
        `<style>body { margin: 0; display: grid; place-items: center; height: 100vh } svg { width: ${part * 100}vw }</style>${svg}`,
      );
      pictures.set(size, await page.screenshot({ omitBackground: true }));
    }
    return pictures;
  } finally {
    await browser.close();
  }
}

function picture(pictures: ReadonlyMap<number, Buffer>, size: number): Buffer {
  const png = pictures.get(size);
  if (!png) {
    throw new Error(`There is no picture of ${size} pixels.`);
  }
  return png;
}

/** A Windows icon: a header of 6 bytes, an entry of 16 bytes for each PNG, then the PNGs. */
function ico(pictures: readonly (readonly [number, Buffer])[]): Buffer {
  const header = Buffer.alloc(6 + 16 * pictures.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(pictures.length, 4);
  let offset = header.length;
  for (const [index, [size, png]] of pictures.entries()) {
    const at = 6 + 16 * index;
    // 256 is written as 0
    header.writeUInt8(size % 256, at);
    header.writeUInt8(size % 256, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(png.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += png.length;
  }
  return Buffer.concat([header, ...pictures.map(([, png]) => png)]);
}

/** A macOS icon: `icns` and the total length, then the PNGs, each after its type and length. Lengths include these 8 bytes. */
function icns(pictures: readonly (readonly [string, Buffer])[]): Buffer {
  const chunk = (type: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.write(type, 'latin1');
    head.writeUInt32BE(8 + body.length, 4);
    return Buffer.concat([head, body]);
  };
  return chunk('icns', Buffer.concat(pictures.map(([type, png]) => chunk(type, png))));
}
