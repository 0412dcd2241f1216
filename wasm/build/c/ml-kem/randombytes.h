/* The functions that draw by themselves are not linked: this module gets what was drawn. */
#include <stddef.h>
#include <stdint.h>

void randombytes(uint8_t *output, size_t bytes);
