/** What a Dockerfile or a .dockerignore may ask of us at most. Each is far above what people write. */

/** Characters of a Dockerfile or .dockerignore: 1 Mi. */
export const FILE_CHARS_MAX = 1024 * 1024;
/** Characters of one instruction without its here-documents: 64 Ki, about the bound that Docker puts on a line. */
export const INSTRUCTION_CHARS_MAX = 64 * 1024;
export const INSTRUCTIONS_MAX = 10_000;
export const STAGES_MAX = 1_000;
/** Here-documents of one instruction. */
export const HEREDOCS_MAX = 100;
/** Problems that are listed; what is beyond them is counted in one sentence. */
export const PROBLEMS_MAX = 100;
/** Parts of one unknown word that are still compared with the known ones, in characters. */
export const COMPARED_CHARS_MAX = 40;

/**
 * Characters of a text after its variables were put in. Without it `ENV a=$a$a`, forty times, fills the memory.
 * 128 Ki is what Linux takes as one argument or variable (MAX_ARG_STRLEN).
 */
export const EXPANDED_CHARS_MAX = 128 * 1024;
/** The same for the text of a here-document that becomes a file. */
export const EXPANDED_FILE_CHARS_MAX = FILE_CHARS_MAX;
/** How deep `${a:-${b:-…}}` may nest. */
export const NESTING_MAX = 50;
/** Characters of the pattern in `${name#pattern}`; the time it takes is pattern times value. */
export const SUBSTITUTION_PATTERN_MAX = 512;

/** Patterns of one .dockerignore, and characters of one pattern or path (PATH_MAX of Linux). */
export const PATTERNS_MAX = 10_000;
export const PATTERN_CHARS_MAX = 4096;
export const PATH_CHARS_MAX = 4096;

/** Ports that one `EXPOSE 8000-9000` stands for at most: all there are. */
export const PORTS_MAX = 65_536;
