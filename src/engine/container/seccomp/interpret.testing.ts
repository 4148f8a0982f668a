/** Runs a filter as the kernel does: an interpreter of the few instructions of classic BPF that seccomp has. */

export interface Call {
  nr: number;
  args?: readonly number[];
  arch?: number;
}

const I386 = 0x40000003;

/** What the filter returns for a call, and after how many instructions. @throws Error for what the kernel's checker would not load */
export function interpret(program: Uint8Array, { nr, args = [], arch = I386 }: Call): { value: number; steps: number } {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  if (program.length === 0 || program.length % 8 !== 0) throw new Error("no whole instructions");
  const data = new DataView(new ArrayBuffer(64));
  data.setInt32(0, nr, true);
  data.setUint32(4, arch, true);
  args.forEach((value, index) => data.setBigUint64(16 + 8 * index, BigInt(value >>> 0), true));
  let accumulator = 0;
  for (let at = 0, steps = 1; ; steps++) {
    if (8 * at >= program.length) throw new Error(`the program runs out at ${at}`);
    const k = view.getUint32(8 * at + 4, true);
    const skip = (truth: boolean) => view.getUint8(8 * at + (truth ? 2 : 3));
    const code = view.getUint16(8 * at, true);
    at++;
    if (code === 0x06) return { value: k, steps };
    if (code === 0x20) {
      if (k % 4 !== 0 || k >= 64) throw new Error(`a load from ${k}`);
      accumulator = data.getUint32(k, true);
    } else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x05) at += k;
    else {
      const compare: Readonly<Record<number, (a: number) => boolean>> = {
        0x15: (a) => a === k,
        0x25: (a) => a > k,
        0x35: (a) => a >= k,
      };
      if (!(code in compare)) throw new Error(`no such instruction: ${code.toString(16)}`);
      at--;
      at += 1 + skip(compare[code](accumulator));
    }
  }
}
