/** The first bytes of Linux programs and libraries. Source: the ELF gABI and its registry of machines. */

/** ELF class (1: 32 bit, 2: 64 bit), byte order (1: little, 2: big) and e_machine. */
export type ElfIdentity = readonly [elfClass: 1 | 2, byteOrder: 1 | 2, machine: number];

/** By architecture. All variants of an architecture have the same. */
export const elfIdentities: Readonly<Record<string, ElfIdentity>> = {
  '386': [1, 1, 3],
  amd64: [2, 1, 62],
  arm: [1, 1, 40],
  arm64: [2, 1, 183],
  loong64: [2, 1, 258],
  mips: [1, 2, 8],
  mips64: [2, 2, 8],
  mips64le: [2, 1, 8],
  mipsle: [1, 1, 8],
  ppc64: [2, 2, 21],
  ppc64le: [2, 1, 21],
  riscv64: [2, 1, 243],
  s390x: [2, 2, 22],
};

/** So many bytes of a file are sufficient for {@link readElf}. */
export const elfHeaderBytes = 52;

const executable = 2;
const sharedObject = 3;
/** EF_ARM_ABI_FLOAT_HARD: the program passes numbers in registers that no ARMv5 processor has. */
const hardFloatFlag = 0x400;

export interface Elf {
  readonly architecture: string;
  /** An arm program that needs a floating-point unit. */
  readonly isHardFloat: boolean;
}

/** Reads the head of a file. Undefined for other files than programs and libraries, and for unknown architectures. */
export function readElf(head: Buffer): Elf | undefined {
  if (head.length < elfHeaderBytes || head.readUInt32BE(0) !== 0x7f454c46) {
    return undefined;
  }
  const isLittle = head[5] === 1;
  const [type, machine] = isLittle
    ? [head.readUInt16LE(16), head.readUInt16LE(18)]
    : [head.readUInt16BE(16), head.readUInt16BE(18)];
  if (type !== executable && type !== sharedObject) {
    return undefined;
  }
  const [architecture] =
    Object.entries(elfIdentities).find(
      ([, [elfClass, byteOrder, each]]) => each === machine && elfClass === head[4] && byteOrder === head[5],
    ) ?? [];
  // the flags of a 32-bit file
  const isHardFloat = architecture === 'arm' && (head.readUInt32LE(36) & hardFloatFlag) !== 0;
  return architecture === undefined ? undefined : { architecture, isHardFloat };
}

/**
 * The first 64 bytes of a program.
 * @param type e_type: 2 for an executable at a fixed address, 3 for a position-independent one
 */
export function elfHeader([elfClass, byteOrder, machine]: ElfIdentity, type: 2 | 3): Buffer {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, elfClass, byteOrder, 1]);
  if (byteOrder === 1) {
    header.writeUInt16LE(type, 16);
    header.writeUInt16LE(machine, 18);
    header.writeUInt32LE(1, 20);
  } else {
    header.writeUInt16BE(type, 16);
    header.writeUInt16BE(machine, 18);
    header.writeUInt32BE(1, 20);
  }
  return header;
}
