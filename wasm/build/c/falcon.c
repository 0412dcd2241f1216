/*
 * Falcon-512 (round 3) as a module without imports: the host writes what is drawn, keys and message to the places below, calls,
 * and reads. Signatures have the padded form of 666 bytes. Nothing is allocated, nothing grows.
 */
#include "falcon/hash-to-point.h"
#include "falcon/ring.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define FALCON(name) PQCLEAN_FALCON512_AVX2_##name

#define LOG_DEGREE 9
#define DEGREE 512
#define PUBLIC_KEY_BYTES 897
#define SECRET_KEY_BYTES 1281
#define SALT_BYTES 40
#define SEED_BYTES 48
#define SIGNATURE_BYTES 666
#define HEADER_AND_SALT_BYTES (1 + SALT_BYTES)
#define MAX_MESSAGE_BYTES 262144
/** (8 * 9 + 40) * 512 bytes: basis and tree. */
#define EXPANDED_NUMBERS (EXPANDED_BYTES / 8)
#define EXPANDED_BYTES 57344
#define SLOTS 8
#define PUBLIC_KEY_HEADER LOG_DEGREE
#define SECRET_KEY_HEADER (0x50 + LOG_DEGREE)
#define SIGNATURE_HEADER (0x30 + LOG_DEGREE)

/* What the host writes and reads; exported by name. */
uint8_t public_key[PUBLIC_KEY_BYTES];
uint8_t secret_key[SECRET_KEY_BYTES];
/** For `keypair` the seed alone, for `sign` the salt with the seed behind it. */
uint8_t drawn[SALT_BYTES + SEED_BYTES];
uint8_t signature[SIGNATURE_BYTES];
uint8_t message[MAX_MESSAGE_BYTES];

/** Keys that are expanded, each with the bytes that it came from. As secret as the key. */
static struct {
    fpr expanded[EXPANDED_NUMBERS];
    uint8_t secret_key[SECRET_KEY_BYTES];
} slots[SLOTS];

/** What one operation on a secret needs; `wipe` clears it. */
static struct {
    _Alignas(16) uint8_t temporary[72 * DEGREE];
    int8_t f[DEGREE], g[DEGREE], F[DEGREE], G[DEGREE];
    uint16_t point[DEGREE];
    int16_t vector[DEGREE];
    shake256incctx generator;
} work;

extern uint8_t __stack_low, __stack_high;

/** Clears every trace of an operation but the slots and the message: places, work and the stack below. */
EXPORT(wipe) void wipe(void) {
    memset(&work, 0, sizeof work);
    memset(public_key, 0, sizeof public_key);
    memset(secret_key, 0, sizeof secret_key);
    memset(drawn, 0, sizeof drawn);
    memset(signature, 0, sizeof signature);
    memset(&__stack_low, 0, (size_t)(&__stack_high - &__stack_low));
}

EXPORT(wipe_slot) void wipe_slot(uint32_t slot) {
    memset(&slots[slot], 0, sizeof slots[slot]);
}

static void seed_generator(const uint8_t seed[SEED_BYTES]) {
    shake256_inc_init(&work.generator);
    shake256_inc_absorb(&work.generator, seed, SEED_BYTES);
    shake256_inc_finalize(&work.generator);
}

/** Makes a key pair of the seed. 0 when it cannot be encoded, which never happens. */
EXPORT(keypair) int keypair(void) {
    seed_generator(drawn);
    FALCON(keygen)(&work.generator, work.f, work.g, work.F, NULL, work.point, LOG_DEGREE, work.temporary);

    const unsigned small = FALCON(max_fg_bits)[LOG_DEGREE], large = FALCON(max_FG_bits)[LOG_DEGREE];
    const struct { const int8_t *polynomial; unsigned bits; } parts[] = {{work.f, small}, {work.g, small}, {work.F, large}};
    secret_key[0] = SECRET_KEY_HEADER;
    size_t at = 1;
    for (int part = 0; part < 3; part++) {
        const size_t bytes = FALCON(trim_i8_encode)(
            secret_key + at, SECRET_KEY_BYTES - at, parts[part].polynomial, LOG_DEGREE, parts[part].bits);
        if (bytes == 0) return 0;
        at += bytes;
    }
    public_key[0] = PUBLIC_KEY_HEADER;
    return at == SECRET_KEY_BYTES &&
           FALCON(modq_encode)(public_key + 1, PUBLIC_KEY_BYTES - 1, work.point, LOG_DEGREE) == PUBLIC_KEY_BYTES - 1;
}

EXPORT(slot_count) int slot_count(void) { return SLOTS; }

/** The slot that holds `secret_key` expanded, or -1. Looks at every byte of every slot; an empty one is no match. */
EXPORT(find_slot) int find_slot(void) {
    int found = -1;
    for (int slot = 0; slot < SLOTS; slot++) {
        /* A byte, not a word: so that 16 are compared at once. */
        uint8_t difference = slots[slot].secret_key[0] ^ SECRET_KEY_HEADER;
        for (int index = 0; index < SECRET_KEY_BYTES; index++) {
            difference |= slots[slot].secret_key[index] ^ secret_key[index];
        }
        found = difference == 0 ? slot : found;
    }
    return found;
}

/** Whether every leaf of a tree of 2^`log_size` lies where the sampler is made for; those of true keys lie in 0.5716..0.7826. */
static int leaves_fit(const fpr *tree, unsigned log_size) {
    if (log_size == 0) return tree[0].v > 0.55 && tree[0].v < 0.79;
    const fpr *first = tree + (1u << log_size), *second = first + (log_size << (log_size - 1));
    return leaves_fit(first, log_size - 1) && leaves_fit(second, log_size - 1);
}

/**
 * Whether a basis {{g, -f}, {G, -F}}, transformed, with its tree can sign. By any other one no signature would ever become short
 * enough, and the search for it would not end. fG - gF is q in every place; coefficients are whole, so to a quarter is exact.
 */
static int can_sign(const fpr *expanded) {
    const fpr *g = expanded, *minus_f = g + DEGREE, *G = minus_f + DEGREE, *minus_F = G + DEGREE;
    for (int re = 0, im = DEGREE / 2; re < DEGREE / 2; re++, im++) {
        const double real = g[re].v * minus_F[re].v - g[im].v * minus_F[im].v - minus_f[re].v * G[re].v + minus_f[im].v * G[im].v;
        const double imaginary = g[re].v * minus_F[im].v + g[im].v * minus_F[re].v - minus_f[re].v * G[im].v - minus_f[im].v * G[re].v;
        if (!(real > 12288.75 && real < 12289.25 && imaginary > -0.25 && imaginary < 0.25)) return 0;
    }
    return leaves_fit(minus_F + DEGREE, LOG_DEGREE);
}

/** Expands `secret_key` into a slot. 0 when it is no secret key; the slot is then empty. */
EXPORT(expand) int expand(uint32_t slot) {
    const unsigned small = FALCON(max_fg_bits)[LOG_DEGREE], large = FALCON(max_FG_bits)[LOG_DEGREE];
    const struct { int8_t *polynomial; unsigned bits; } parts[] = {{work.f, small}, {work.g, small}, {work.F, large}};
    wipe_slot(slot);
    if (secret_key[0] != SECRET_KEY_HEADER) return 0;
    size_t at = 1;
    for (int part = 0; part < 3; part++) {
        const size_t bytes = FALCON(trim_i8_decode)(
            parts[part].polynomial, LOG_DEGREE, parts[part].bits, secret_key + at, SECRET_KEY_BYTES - at);
        if (bytes == 0) return 0;
        at += bytes;
    }
    if (at != SECRET_KEY_BYTES) return 0;
    if (!FALCON(complete_private)(work.G, work.f, work.g, work.F, LOG_DEGREE, work.temporary)) return 0;
    FALCON(expand_privkey)(slots[slot].expanded, work.f, work.g, work.F, work.G, LOG_DEGREE, work.temporary);
    if (!can_sign(slots[slot].expanded)) {
        wipe_slot(slot);
        return 0;
    }
    memcpy(slots[slot].secret_key, secret_key, SECRET_KEY_BYTES);
    return 1;
}

/** Signs `bytes` of the message by the key in a slot. 0 when this draw is longer than 666 bytes. */
EXPORT(sign) int sign(uint32_t slot, size_t bytes) {
    hash_to_point(work.point, drawn, message, bytes);
    seed_generator(drawn + SALT_BYTES);
    FALCON(sign_tree)(
        work.vector, &work.generator, slots[slot].expanded, work.point, LOG_DEGREE, work.temporary);
    memset(signature, 0, SIGNATURE_BYTES);
    signature[0] = SIGNATURE_HEADER;
    memcpy(signature + 1, drawn, SALT_BYTES);
    return FALCON(comp_encode)(
               signature + HEADER_AND_SALT_BYTES, SIGNATURE_BYTES - HEADER_AND_SALT_BYTES, work.vector, LOG_DEGREE) != 0;
}

/** Once, before anything else. */
EXPORT(initialise) void initialise(void) { ring_prepare(); }

/** Whether `signature` is one of `bytes` of the message for `public_key` (Falcon round 3, algorithm 16). */
EXPORT(verify) int verify(size_t bytes) {
    if (public_key[0] != PUBLIC_KEY_HEADER || signature[0] != SIGNATURE_HEADER) return 0;
    uint16_t key[DEGREE], point[DEGREE];
    int16_t first[DEGREE], second[DEGREE];
    if (FALCON(modq_decode)(key, LOG_DEGREE, public_key + 1, PUBLIC_KEY_BYTES - 1) != PUBLIC_KEY_BYTES - 1) return 0;
    size_t at = HEADER_AND_SALT_BYTES;
    const size_t compressed = FALCON(comp_decode)(second, LOG_DEGREE, signature + at, SIGNATURE_BYTES - at);
    if (compressed == 0) return 0;
    for (at += compressed; at < SIGNATURE_BYTES; at++) {
        if (signature[at] != 0) return 0;
    }
    hash_to_point(point, signature + 1, message, bytes);
    ring_multiply_subtract(first, key, second, point);
    return FALCON(is_short)(first, second, LOG_DEGREE);
}
