/** The `--format` of a list, as an option's declaration. */
export const LIST_FORMAT = "--format string  Show by a template: 'table', 'table TEMPLATE', 'json', or a Go template";

/** The `--format` of what shows one object, or many one after the other. */
export const OBJECT_FORMAT = "-f, --format string  Show by a template: 'json' or a Go template";
