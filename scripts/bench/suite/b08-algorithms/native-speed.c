/*
 * native-speed OPERATION MILLISECONDS: prints the nanoseconds of CPU that one operation of a native liboqs takes. A message has
 * 1024 bytes, as in the other contenders.
 * native-speed check: reads a Falcon key, a padded signature and its message of 1024 bytes, a secret key of ML-KEM and a
 * ciphertext; verifies, and prints the shared secret in hex.
 */
#include <oqs/oqs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

static uint8_t public_key[2048], secret_key[4096], signature[1024], message[1024], ciphertext[2048], secret[32];
static size_t signature_bytes;
static OQS_SIG *signer;
static OQS_KEM *kem;

static void falcon_keygen(void) { OQS_SIG_keypair(signer, public_key, secret_key); }
static void falcon_sign(void) {
    OQS_SIG_sign(signer, signature, &signature_bytes, message, sizeof message, secret_key);
}
static void falcon_verify(void) {
    if (OQS_SIG_verify(signer, message, sizeof message, signature, signature_bytes, public_key) != OQS_SUCCESS) exit(1);
}
static void kem_keygen(void) { OQS_KEM_keypair(kem, public_key, secret_key); }
static void kem_encapsulate(void) { OQS_KEM_encaps(kem, ciphertext, secret, public_key); }
static void kem_decapsulate(void) { OQS_KEM_decaps(kem, secret, ciphertext, secret_key); }

static const struct { const char *name; void (*run)(void); } operations[] = {
    {"falcon-keygen", falcon_keygen},     {"falcon-sign", falcon_sign},           {"falcon-verify", falcon_verify},
    {"kem-keygen", kem_keygen},           {"kem-encapsulate", kem_encapsulate},   {"kem-decapsulate", kem_decapsulate},
};

static int check(void) {
    OQS_SIG *padded = OQS_SIG_new("Falcon-padded-512");
    kem = OQS_KEM_new("ML-KEM-768");
    if (fread(public_key, 897, 1, stdin) != 1 || fread(signature, 666, 1, stdin) != 1) return 2;
    if (fread(message, 1024, 1, stdin) != 1) return 2;
    if (OQS_SIG_verify(padded, message, sizeof message, signature, 666, public_key) != OQS_SUCCESS) return 1;
    if (fread(secret_key, 2400, 1, stdin) != 1 || fread(ciphertext, 1088, 1, stdin) != 1) return 2;
    kem_decapsulate();
    for (size_t index = 0; index < sizeof secret; index++) printf("%02x", secret[index]);
    return 0;
}

int main(int count, char **arguments) {
    OQS_init();
    if (count == 2 && strcmp(arguments[1], "check") == 0) return check();
    if (count != 3) return 2;
    signer = OQS_SIG_new("Falcon-512");
    kem = OQS_KEM_new("ML-KEM-768");
    if (strncmp(arguments[1], "falcon", 6) == 0) {
        falcon_keygen();
        falcon_sign();
    } else {
        kem_keygen();
        kem_encapsulate();
    }
    for (size_t index = 0; index < sizeof operations / sizeof *operations; index++) {
        if (strcmp(operations[index].name, arguments[1]) != 0) continue;
        const double begun = cpu_ns(), budget = atof(arguments[2]) * 1e6;
        double spent = 0;
        long done = 0;
        for (; spent < budget; done++, spent = cpu_ns() - begun) operations[index].run();
        printf("%.0f\n", spent / done);
        return 0;
    }
    return 2;
}
