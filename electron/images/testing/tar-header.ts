const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;

/**
 * The header of an entry in a tar archive, with a valid sum.
 * @param size a number, or the bytes of the field
 */
export function tarHeader(name: string, size: number | Buffer = 0, flag = '0', link = ''): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  typeof size === 'number' ? block.write(octal(size, 12), 124) : size.copy(block, 124);
  block.write(octal(0, 12), 136);
  block.write(' '.repeat(8), 148);
  block.write(flag, 156);
  block.write(link, 157);
  block.write('ustar\u000000', 257);
  let sum = 0;
  for (const byte of block) {
    sum += byte;
  }
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
