/* SHAKE256 under the names that Falcon calls (FIPS 202). Nothing is allocated, so there is nothing to release. */
#ifndef QSM_FIPS202_H
#define QSM_FIPS202_H
#include <stddef.h>
#include <stdint.h>

#define SHAKE256_RATE 136

typedef struct {
    uint64_t lanes[25];
    /** While absorbing: bytes in the block. While squeezing: bytes of the block that are already given out. */
    size_t at;
} shake256incctx;

void shake256_inc_init(shake256incctx *state);
void shake256_inc_absorb(shake256incctx *state, const uint8_t *input, size_t bytes);
void shake256_inc_finalize(shake256incctx *state);
void shake256_inc_squeeze(uint8_t *output, size_t bytes, shake256incctx *state);
/** The next whole block lies in `lanes`. Only with whole blocks, never between two calls of squeeze. */
void shake256_inc_next_block(shake256incctx *state);
#define shake256_inc_ctx_release(state) ((void)(state))

#endif
