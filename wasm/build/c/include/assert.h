/* Assertions are off. */
#define assert(condition) ((void)0)
