/** What a tar archive may not exceed. A container's whole machine has 256 MB, so nothing real comes near. */

/** Entries of one archive. */
export const MAX_ENTRIES = 200_000;
/** Bytes of a path or of a link's target: PATH_MAX of Linux. */
export const MAX_PATH_BYTES = 4096;
/** Bytes of one extended header (PAX records, or a GNU long name). */
export const MAX_EXTENDED_HEADER_BYTES = 1 << 20;
/** Bytes of all contents of one archive together. */
export const MAX_CONTENT_BYTES = 2 ** 30;
/** Extended attributes of one file, and the bytes of one value (XATTR_SIZE_MAX of Linux). */
export const MAX_XATTRS = 256;
export const MAX_XATTR_BYTES = 65536;
