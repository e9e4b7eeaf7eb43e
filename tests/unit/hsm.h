/**
 * @file hsm.h  SoftHSM tokens for a test, in a folder of its own
 *
 * Made by softhsm2-util.  Whatever fails here ends the test program.
 */
#pragma once

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#define HSM_PIN "1234"

/** Makes the folder and lets SoftHSM and the stalling library of tests/fake look there. */
void hsm_begin(void);

/** Removes all of it. */
void hsm_end(void);

/** A path in the folder; one of four buffers. */
const char *hsm_path(const char *name);

void hsm_token(const char *label);
void hsm_key(const char *token, const char *label, EVP_PKEY *key);

/** The token's files go away, or come back. */
void hsm_take_away(const char *label);
void hsm_bring_back(const char *label);

/** Makes or removes an empty file in the folder: see tests/fake/stall_module.c. */
void hsm_say(const char *what, bool on);

/** Writes a file that only we can read. */
void hsm_write(const char *name, const char *text);

/** How often the stalling library saw that call. */
int hsm_calls(const char *what);

/** Until it saw so many of them. */
void hsm_wait_calls(const char *what, int count);

/** So much longer than it would do a thread of tokens waits for another, milliseconds: 60 s, for a
 * loaded machine.  Of programs that are linked with `wrap_tokens`. */
extern int64_t hsm_patience;

/**
 * Ends the test program: looks for leaks while all of the libraries' own memory can still be
 * reached, and leaves at once.  SoftHSM, libp11 and OpenSSL, each of which the others hold,
 * are taken down by exit() in an order in which some of it is lost now and then.
 */
_Noreturn void hsm_leave(int status);
