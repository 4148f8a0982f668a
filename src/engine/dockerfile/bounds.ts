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
/** All words of one instruction together, here-documents included. */
export const EXPANDED_INSTRUCTION_CHARS_MAX = 2 * FILE_CHARS_MAX;
/** The environment of an image, and its build arguments: 2 Mi, more than Linux starts a program with (ARG_MAX). */
export const ENVIRONMENT_CHARS_MAX = 2 * 1024 * 1024;
/** How deep `${a:-${b:-…}}` may nest. */
export const NESTING_MAX = 50;
/** Characters of the pattern in `${name#pattern}`. */
export const SUBSTITUTION_PATTERN_MAX = 512;

/** Pattern times value, added up over the substitutions of one word: a fifth of a second. */
export const SUBSTITUTION_STEPS_MAX = 100_000_000;

/** Patterns of one .dockerignore, and characters of one pattern or path (PATH_MAX of Linux). */
export const PATTERNS_MAX = 10_000;
export const PATTERN_CHARS_MAX = 4096;
export const PATH_CHARS_MAX = 4096;
