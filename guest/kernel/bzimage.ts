/**
 * A bzImage that starts without decompressing: the kernel's own real-mode setup code followed by the flat kernel, linked to run where
 * a boot loader puts the protected-mode part (1 MB). The setup code jumps to `code32_start` with %esi = boot_params, which is all
 * that the kernel's `startup_32` needs (arch/x86/kernel/head_32.S) and all that the decompressor would have handed over.
 *
 * Decompressing in the guest costs more than the page's own decompressor needs for a smaller file.
 * Header fields: Documentation/arch/x86/boot.rst.
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

/** Where every boot loader puts the protected-mode part of a kernel with LOADED_HIGH set. */
export const LOAD_ADDRESS = 0x100000;

/** What is joined into the image. */
export interface BzImageParts {
  /** `arch/x86/boot/setup.bin`: the real-mode code with the header that Kconfig filled in. */
  setup: Uint8Array;
  /** `objcopy -O binary vmlinux`: the kernel, whose first byte belongs at LOAD_ADDRESS. */
  kernel: Uint8Array;
  /** Bytes from LOAD_ADDRESS to the end of the kernel's bss and early page tables (`_end`): no initrd may be put there. */
  initSizeBytes: number;
}

/**
 * Joins the parts and fills in the fields that depend on the protected-mode part.
 *
 * @throws Error when `setup` is not a setup header of boot protocol 2.10 or later.
 */
export function bzImage({ setup, kernel, initSizeBytes }: BzImageParts): Uint8Array {
  const header = new DataView(setup.buffer, setup.byteOffset, setup.byteLength);
  if (header.getUint16(BOOT_FLAG, true) !== 0xaa55 || header.getUint32(HEADER_MAGIC, true) !== 0x53726448) {
    throw new Error("setup.bin does not hold a Linux setup header (HdrS), so no image can be made from it.");
  }
  const protocol = header.getUint16(HEADER_MAGIC + 4, true);
  if (protocol < 0x20a) {
    throw new Error(`setup.bin speaks boot protocol ${protocol.toString(16)}; 2.10 or later (init_size) is needed.`);
  }
  const setupSectors = Math.ceil(setup.length / SECTOR_SIZE_BYTES) - 1;
  const setupSizeBytes = (setupSectors + 1) * SECTOR_SIZE_BYTES;
  const kernelSizeBytes = Math.ceil(kernel.length / PARAGRAPH_SIZE_BYTES) * PARAGRAPH_SIZE_BYTES;
  const image = new Uint8Array(setupSizeBytes + kernelSizeBytes);
  image.set(setup, 0);
  image.set(kernel, setupSizeBytes);

  const field = new DataView(image.buffer);
  field.setUint8(SETUP_SECTS, setupSectors);
  field.setUint32(SYSSIZE, kernelSizeBytes / PARAGRAPH_SIZE_BYTES, true);
  field.setUint8(LOADFLAGS, LOADED_HIGH);
  field.setUint32(CODE32_START, LOAD_ADDRESS, true);
  field.setUint8(RELOCATABLE_KERNEL, 0);
  field.setUint32(PAYLOAD_OFFSET, 0, true);
  field.setUint32(PAYLOAD_LENGTH, 0, true);
  field.setBigUint64(PREF_ADDRESS, BigInt(LOAD_ADDRESS), true);
  field.setUint32(INIT_SIZE, initSizeBytes, true);
  return image;
}
