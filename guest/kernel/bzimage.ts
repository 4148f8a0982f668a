/**
 * A bzImage that starts without decompressing: the kernel's own real-mode setup code followed by the flat kernel, linked to run where
 * a boot loader puts the protected-mode part (1 MB). The setup code jumps to `code32_start` with %esi = boot_params, which is all
 * that the kernel's `startup_32` needs (arch/x86/kernel/head_32.S) and all that the decompressor would have handed over.
 * Decompressing in the guest costs more than the page's own decompressor needs for a smaller file.
 *
 * The same file is a Multiboot image, whose entry (`direct.S`) needs neither BIOS nor setup code: half a second less in v86.
 *
 *     0                     setup code, real mode; the Multiboot header lies in its unused first sector
 *     setupSizeBytes        direct.S, in the last sectors before LOAD_ADDRESS
 *     (setup_sects+1)*512   the kernel, at LOAD_ADDRESS
 *
 * Header fields: Documentation/arch/x86/boot.rst; Multiboot 0.6.96, section 3.1.
 */

const SECTOR_SIZE_BYTES = 512;
const PARAGRAPH_SIZE_BYTES = 16;

/** Offsets of the setup header's fields in the file. */
const SETUP_SECTS = 0x1f1;
const SYSSIZE = 0x1f4;
const BOOT_FLAG = 0x1fe;
const HEADER_MAGIC = 0x202;
const LOADFLAGS = 0x211;
const CODE32_START = 0x214;
const RELOCATABLE_KERNEL = 0x234;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const PREF_ADDRESS = 0x258;
const INIT_SIZE = 0x260;

const LOADED_HIGH = 1 << 0;

/** Where the Multiboot header goes: any multiple of 4 in the first 8 KB; boot loaders that know Linux ignore the first 0x1f1 bytes. */
const MULTIBOOT = 0x40;
const MULTIBOOT_MAGIC = 0x1badb002;
/** The loader passes a memory map, and finds the addresses in the header itself. */
const MULTIBOOT_FLAGS = (1 << 1) | (1 << 16);

/** Where every boot loader puts the protected-mode part of a kernel with LOADED_HIGH set. */
export const LOAD_ADDRESS = 0x100000;

/** Where the direct entry runs: it ends at LOAD_ADDRESS, rounded to whole sectors of the file. */
export function directAddress(sizeBytes: number): number {
  return LOAD_ADDRESS - roundUp(sizeBytes, SECTOR_SIZE_BYTES);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** What is joined into the image. */
export interface BzImageParts {
  /** `arch/x86/boot/setup.bin`: the real-mode code with the header that Kconfig filled in. */
  setup: Uint8Array;
  /** `objcopy -O binary vmlinux`: the kernel, whose first byte belongs at LOAD_ADDRESS. */
  kernel: Uint8Array;
  /** `direct.S`, assembled to run at `directAddress(direct.length)`. */
  direct: Uint8Array;
  /** Bytes from LOAD_ADDRESS to the end of the kernel's bss and early page tables (`_end`): no initrd may be put there. */
  initSizeBytes: number;
}

/**
 * Joins the parts and fills in the fields that depend on the protected-mode part.
 *
 * @throws Error when `setup` is not a setup header of boot protocol 2.10 or later.
 */
export function bzImage({ setup, kernel, direct, initSizeBytes }: BzImageParts): Uint8Array {
  const header = new DataView(setup.buffer, setup.byteOffset, setup.byteLength);
  if (header.getUint16(BOOT_FLAG, true) !== 0xaa55 || header.getUint32(HEADER_MAGIC, true) !== 0x53726448) {
    throw new Error("setup.bin does not hold a Linux setup header (HdrS), so no image can be made from it.");
  }
  const protocol = header.getUint16(HEADER_MAGIC + 4, true);
  if (protocol < 0x20a) {
    throw new Error(`setup.bin speaks boot protocol ${protocol.toString(16)}; 2.10 or later (init_size) is needed.`);
  }
  const directSizeBytes = roundUp(direct.length, SECTOR_SIZE_BYTES);
  const setupSizeBytes = roundUp(setup.length, SECTOR_SIZE_BYTES) + directSizeBytes;
  const kernelSizeBytes = roundUp(kernel.length, PARAGRAPH_SIZE_BYTES);
  const image = new Uint8Array(setupSizeBytes + kernelSizeBytes);
  image.set(setup, 0);
  image.set(direct, setupSizeBytes - directSizeBytes);
  image.set(kernel, setupSizeBytes);

  const field = new DataView(image.buffer);
  field.setUint8(SETUP_SECTS, setupSizeBytes / SECTOR_SIZE_BYTES - 1);
  field.setUint32(SYSSIZE, kernelSizeBytes / PARAGRAPH_SIZE_BYTES, true);
  field.setUint8(LOADFLAGS, LOADED_HIGH);
  field.setUint32(CODE32_START, LOAD_ADDRESS, true);
  field.setUint8(RELOCATABLE_KERNEL, 0);
  field.setUint32(PAYLOAD_OFFSET, 0, true);
  field.setUint32(PAYLOAD_LENGTH, 0, true);
  field.setBigUint64(PREF_ADDRESS, BigInt(LOAD_ADDRESS), true);
  field.setUint32(INIT_SIZE, initSizeBytes, true);

  const loadAddress = LOAD_ADDRESS - setupSizeBytes;
  const multiboot = [
    MULTIBOOT_MAGIC,
    MULTIBOOT_FLAGS,
    -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS),
    loadAddress + MULTIBOOT, // header_addr
    loadAddress, // load_addr
    loadAddress + image.length, // load_end_addr
    LOAD_ADDRESS + initSizeBytes, // bss_end_addr
    directAddress(direct.length), // entry_addr
  ];
  multiboot.forEach((value, index) => field.setUint32(MULTIBOOT + 4 * index, value, true));
  return image;
}
