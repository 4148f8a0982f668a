/** Where the agent's bytes come from and go to. */
export interface BytePort {
  /**
   * Sends bytes towards the guest, in order. Never more than `CHUNK_BYTES` at once, so that one call can become one input
   * event. The bytes are not kept or changed by the caller afterwards.
   */
  send(bytes: Uint8Array): void;
  /** Called with bytes from the guest, in order and unchanged by the port afterwards. Set by the `Agent`. */
  onbytes: (bytes: Uint8Array) => void;
}
