/* The part of <string.h> that the sources use. With bulk memory these are single instructions. */
#ifndef QSM_STRING_H
#define QSM_STRING_H
#include <stddef.h>

void *memcpy(void *restrict target, const void *restrict source, size_t bytes);
void *memmove(void *target, const void *source, size_t bytes);
void *memset(void *target, int value, size_t bytes);
/** 0 for equal bytes, 1 for others; never an order. Looks at all of them. */
int memcmp(const void *one, const void *other, size_t bytes);

#endif
