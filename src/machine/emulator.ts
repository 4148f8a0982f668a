/**
 * The PC: v86 behind a narrow face. The only file that imports v86.
 *
 * v86's scheduler is replaced by ours, so that the machine gets control after every slice (about 1 ms of guest time):
 * that is when counters are compared, console queues are drained and snapshots are taken.
 */
import { V86 } from "v86";
import { CONSOLE_COUNT } from "./console";
import { soon } from "./soon";

/** What a machine boots from. */
export interface BootImages {
  /** Our kernel, which has a Multiboot header and is entered directly; or, with `bios`, any bzImage. */
  kernel: ArrayBuffer;
  /** The initramfs. */
  root: ArrayBuffer;
  /** Firmware, for kernels that need it. */
  bios?: { main: ArrayBuffer; vga: ArrayBuffer };
}

export interface EmulatorOptions {
  memoryBytes: number;
  commandLine: string;
  /** Left out for a machine that gets a state before it runs. */
  boot?: BootImages;
}

/** The parts of v86 that its type file does not describe; names as in its source. */
interface Inner {
  v86: {
    cpu: Cpu;
    running: boolean;
    yield(delayMs: number, tick: number): void;
    yield_callback(tick: number): void;
    unregister_yield(): void;
  };
  bus: { send(event: string, data: unknown): void };
}
interface Cpu {
  in_hlt: Uint8Array;
  last_result: Int32Array;
  fpu_status_word: Uint16Array;
  mxcsr: Int32Array;
  is_memory_zeroed(address: number, sizeBytes: number): boolean;
  unpack_memory(present: { get(page: number): number }, packed: Uint8Array): void;
  wm: { exports: Zstd & { memory: { buffer: ArrayBuffer } } };
  devices: { virtio_console: { virtio: { queues: { has_request(): boolean; is_configured(): boolean }[] } } };
}

/** Pointers are into the WebAssembly memory. */
interface Zstd {
  zstd_create_ctx(packedBytes: number): number;
  zstd_get_src_ptr(context: number): number;
  zstd_read(context: number, sizeBytes: number): number;
  zstd_read_free(at: number, sizeBytes: number): void;
  zstd_free_ctx(context: number): void;
}

const CONTROL_QUEUE = 2;
const PAGE_BYTES = 4096;

function bootOptions({ kernel, root, bios }: BootImages, commandLine: string) {
  const common = { initrd: { buffer: root }, cmdline: commandLine };
  if (!bios) return { ...common, multiboot: { buffer: kernel } };
  return { ...common, bzimage: { buffer: kernel }, bios: { buffer: bios.main }, vga_bios: { buffer: bios.vga } };
}

export class Emulator {
  /** Called after every slice of guest execution, while the guest stands still. */
  onslice: () => void = () => {};
  /** Output of a virtio console. The bytes are the receiver's to keep. */
  onconsole: (port: number, bytes: Uint8Array<ArrayBuffer>) => void = () => {};
  /** Output of the serial port, where the kernel speaks before it has consoles. */
  onserial: (byte: number) => void = () => {};

  readonly #vm: V86;
  readonly #inner: Inner;
  readonly #memoryBytes: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #destroyed = false;
  #ram: Uint8Array | undefined;
  /** RAM may hold something; fresh WebAssembly memory is zero. */
  #written: boolean;

  private constructor(vm: V86, memoryBytes: number, written: boolean) {
    this.#vm = vm;
    this.#inner = vm as unknown as Inner;
    this.#memoryBytes = memoryBytes;
    this.#written = written;
    for (let port = 0; port < CONSOLE_COUNT; port++) {
      // The type file lists console 0 only; all four exist.
      vm.add_listener(`virtio-console${port}-output-bytes` as "virtio-console0-output-bytes", (bytes: Uint8Array) =>
        this.onconsole(port, bytes as Uint8Array<ArrayBuffer>),
      );
    }
    vm.add_listener("serial0-output-byte", (byte: number) => this.onserial(byte));
    this.#takeOverScheduler();
    this.#unpackSparsely();
  }

  /**
   * Builds a stopped machine from v86's compiled WebAssembly.
   * @throws WebAssembly.LinkError, RangeError (memory refused)
   */
  static create(wasm: WebAssembly.Module, { memoryBytes, commandLine, boot }: EmulatorOptions): Promise<Emulator> {
    return new Promise((resolve, reject) => {
      const vm = new V86({
        wasm_fn: async (imports: WebAssembly.Imports) => {
          try {
            return (await WebAssembly.instantiate(wasm, imports)).exports;
          } catch (error) {
            reject(error);
            throw error;
          }
        },
        memory_size: memoryBytes,
        vga_memory_size: 1 << 20,
        autostart: false,
        disable_keyboard: true,
        disable_mouse: true,
        disable_speaker: true,
        virtio_console: true,
        filesystem: {},
        net_device: { type: "virtio" },
        preserve_mac_from_state_image: true,
        ...(boot && bootOptions(boot, commandLine)),
      } as unknown as ConstructorParameters<typeof V86>[0]);
      vm.add_listener("emulator-ready", () => resolve(new Emulator(vm, memoryBytes, boot !== undefined)));
    });
  }

  /** Guest-physical RAM, live. Take it anew for each sample: the view detaches when wasm memory grows. */
  ram(): Uint8Array {
    if (this.#ram?.buffer !== this.#inner.v86.cpu.wm.exports.memory.buffer) {
      const vm = this.#vm as unknown as { read_memory(at: number, size: number): Uint8Array };
      this.#ram = vm.read_memory(0, this.#memoryBytes);
    }
    return this.#ram!;
  }

  /** Writes guest-physical RAM. For the snapshot maker alone: observers never write. */
  write(bytes: Uint8Array, address: number): void {
    (this.#vm as unknown as { write_memory(bytes: Uint8Array, at: number): void }).write_memory(bytes, address);
  }

  get running(): boolean {
    return this.#vm.is_running();
  }

  /** True while the CPU waits in HLT. */
  get halted(): boolean {
    return this.#inner.v86.cpu.in_hlt[0] !== 0;
  }

  /** Instructions that the guest has executed since power-on, modulo 2^32. */
  get instructions(): number {
    return this.#vm.get_instruction_counter();
  }

  run(): void {
    void this.#vm.run();
  }

  /** Resolves when the guest stands still. */
  async stop(): Promise<void> {
    if (this.running) await this.#vm.stop();
  }

  /** True when the guest has queued a buffer for this console; input sent without one is dropped by v86. */
  canReceive(port: number): boolean {
    const queue = this.#inner.v86.cpu.devices.virtio_console.virtio.queues[port === 0 ? 0 : 2 * port + 2];
    return queue.is_configured() && queue.has_request();
  }

  /** Hands at most `CONSOLE_CHUNK_BYTES` to a console that `canReceive`. */
  receive(port: number, bytes: Uint8Array): void {
    this.#inner.bus.send(`virtio-console${port}-input-bytes`, bytes);
  }

  /** Tells the guest the size of a terminal; false when the guest cannot be told yet. */
  resize(port: number, cols: number, rows: number): boolean {
    const control = this.#inner.v86.cpu.devices.virtio_console.virtio.queues[CONTROL_QUEUE];
    if (!control.is_configured() || !control.has_request()) return false;
    // v86 puts rows before columns on the wire; Linux 6.12.48 and later read columns first, as the specification says
    // (virtio 1.2, 5.3.6.2; drivers/char/virtio_console.c, VIRTIO_CONSOLE_RESIZE).
    this.#inner.bus.send(`virtio-console${port}-resize`, [rows, cols]);
    return true;
  }

  /** The whole machine as v86 state. Call it between slices only: from `onslice`, or when stopped. */
  async saveState(): Promise<ArrayBuffer> {
    return this.#vm.save_state();
  }

  /** Puts a state back, raw or zstd. The machine must be stopped. Rejects with v86's own error for a damaged one. */
  async restoreState(state: ArrayBuffer): Promise<void> {
    const cpu = this.#inner.v86.cpu;
    // v86 replaces these three views of wasm memory instead of writing through them, so the CPU would go on with the
    // values it had before. Write them where they belong.
    const live = { last_result: cpu.last_result, fpu_status_word: cpu.fpu_status_word, mxcsr: cpu.mxcsr };
    await this.#vm.restore_state(state);
    for (const name of ["last_result", "fpu_status_word", "mxcsr"] as const) {
      if (cpu[name] === live[name]) continue;
      live[name].set(cpu[name]);
      (cpu as unknown as Record<string, unknown>)[name] = live[name];
    }
  }

  /** Undoes zstd with the decoder that v86 brings. @param sizeBytes of what comes out */
  unpack(packed: Uint8Array, sizeBytes: number): Uint8Array<ArrayBuffer> {
    const { exports } = this.#inner.v86.cpu.wm;
    const context = exports.zstd_create_ctx(packed.length);
    new Uint8Array(exports.memory.buffer).set(packed, exports.zstd_get_src_ptr(context));
    const at = exports.zstd_read(context, sizeBytes);
    const unpacked = new Uint8Array(exports.memory.buffer.slice(at, at + sizeBytes));
    exports.zstd_read_free(at, sizeBytes);
    exports.zstd_free_ctx(context);
    return unpacked;
  }

  async destroy(): Promise<void> {
    this.#destroyed = true;
    clearTimeout(this.#timer);
    this.onslice = () => {};
    this.onconsole = () => {};
    await this.#vm.destroy();
  }

  /** v86 writes zeros over all of RAM first, which costs time, and the host memory for every page never used. */
  #unpackSparsely(): void {
    const cpu = this.#inner.v86.cpu;
    cpu.unpack_memory = (present, packed) => {
      const ram = this.ram();
      let taken = 0;
      for (let page = 0; page < this.#memoryBytes / PAGE_BYTES; page++) {
        const address = page * PAGE_BYTES;
        if (present.get(page)) {
          ram.set(packed.subarray(taken, taken + PAGE_BYTES), address);
          taken += PAGE_BYTES;
        } else if (this.#written && !cpu.is_memory_zeroed(address, PAGE_BYTES))
          ram.fill(0, address, address + PAGE_BYTES);
      }
      this.#written = true;
    };
  }

  #takeOverScheduler(): void {
    const v86 = this.#inner.v86;
    v86.unregister_yield();
    v86.yield = (delayMs, tick) => {
      if (this.#destroyed) return;
      clearTimeout(this.#timer);
      if (v86.running) this.onslice();
      // onslice may have given the guest work, which schedules a newer tick; v86 ignores the older one.
      // Timers of the host count whole milliseconds: rounded down, each would wake the guest before its own timer is due,
      // for nothing and again.
      if (delayMs <= 0) soon(() => v86.yield_callback(tick));
      else this.#timer = setTimeout(() => v86.yield_callback(tick), Math.ceil(delayMs));
    };
  }
}
