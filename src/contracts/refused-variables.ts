/** Variables that make a program load or run something else than it is (docs/reference/security.md, "Commands"). */
export const REFUSED_VARIABLES = /^(?:NODE_OPTIONS|LD_.*|DYLD_.*|GIT_.*)$/;
