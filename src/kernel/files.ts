/** Open files of tasks (`include/linux/fdtable.h`, `include/linux/fs.h`). */
import { MAX_DESCRIPTORS } from "./bounds";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

const WORD_BITS = 32;

/** `FMODE_PATH` of `include/linux/fs.h`: opened by `O_PATH`, so with no operations of its own. */
const FMODE_PATH = 1 << 14;

/** Address of the task's `files_struct`, which threads share; 0 once the task has exited. */
export function taskFiles(prog: Program, task: number): number {
  return prog.pointer(task, prog.fields.task_struct.files);
}

/**
 * Visits each open descriptor of a `files_struct`, with the address of its `struct file`, in ascending order. `visit`
 * returns false to end the walk, and then so does this.
 */
export function visitOpenFiles(prog: Program, files: number, visit: (fd: number, file: number) => boolean): boolean {
  const { max_fds, fd, open_fds } = prog.fields.fdtable;
  const table = prog.pointer(files, prog.fields.files_struct.fdt);
  const size = prog.u32(table, max_fds);
  if (size > MAX_DESCRIPTORS) throw new MemoryFault(table, `the table has room for ${size} descriptors`);
  const open = prog.pointer(table, open_fds);
  const array = prog.pointer(table, fd);
  for (let first = 0; first < size; first += WORD_BITS) {
    for (let bits = prog.word(open, first / WORD_BITS); bits !== 0; bits &= bits - 1) {
      const number = first + 31 - Math.clz32(bits & -bits);
      const file = prog.word(array, number);
      // A number that is reserved, for a file that is being opened.
      if (file !== 0 && !visit(number, file)) return false;
    }
  }
  return true;
}

/** Address of the `struct socket` of a file; 0 when it is none. */
export function fileSocket(prog: Program, file: number): number {
  const { f_op, private_data } = prog.fields.file;
  return prog.pointer(file, f_op) === prog.symbol("socket_file_ops") ? prog.pointer(file, private_data) : 0;
}

/** Address of the inode when the file is one of nsfs, as `/proc/PID/ns/` has them, otherwise 0. */
export function fileNamespaceInode(prog: Program, file: number): number {
  const { f_op, f_mode, f_inode } = prog.fields.file;
  const operations = prog.symbol("ns_file_operations");
  if (prog.pointer(file, f_op) === operations) return prog.pointer(file, f_inode);
  if (!(prog.u32(file, f_mode) & FMODE_PATH)) return 0;
  const inode = prog.pointer(file, f_inode);
  return prog.pointer(inode, prog.fields.inode.i_fop) === operations ? inode : 0;
}
