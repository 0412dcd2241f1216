/* What the compiler calls for copies that it does not turn into instructions by itself. */
#include <string.h>

void *memcpy(void *restrict target, const void *restrict source, size_t bytes) {
    return __builtin_memcpy(target, source, bytes);
}

void *memmove(void *target, const void *source, size_t bytes) {
    return __builtin_memmove(target, source, bytes);
}

void *memset(void *target, int value, size_t bytes) {
    return __builtin_memset(target, value, bytes);
}

int memcmp(const void *one, const void *other, size_t bytes) {
    const unsigned char *left = one, *right = other;
    unsigned difference = 0;
    for (size_t index = 0; index < bytes; index++) difference |= (unsigned)(left[index] ^ right[index]);
    return difference != 0;
}
