/**
 * @file tls_kit.h  Both ends of a TLS connection in one process, and certificates for them
 *
 * Whatever fails here that is not asked about ends the test program.
 */
#pragma once

#include "redirector/net/tls.h"
#include "tests/unit/pki.h"

#include <openssl/ssl.h>
#include <stdbool.h>

enum {
	KIT_DAY = 86400,
};

/** A certificate, and the files it goes to. */
struct kit_cert {
	const char *name; /**< NAME.pem, NAME.key                                  */
	const char *cn;   /**< NULL: "kit"                                         */
	const char *key;  /**< NULL: P-256; or what pki.h has                      */
	const char *san;  /**< "DNS:a.example,URI:sip:b.example", "hex:..."; NULL: none */
	const char *eku;  /**< "clientAuth,..."; NULL: none                        */
	int from, to;     /**< days from now; both 0: yesterday, in 60 days        */
	const struct pki_cert *issuer; /**< NULL: by itself                          */
	bool ca;
};

/** Makes it and writes its two files to the folder. */
struct pki_cert kit_issue(const struct kit_cert *spec);

/** Another certificate for its key. */
struct pki_cert kit_renew(const struct kit_cert *spec, EVP_PKEY *key);

/** A path in the folder of this test; lives until the 8th call after. */
const char *kit_path(const char *file);

/** Writes a text to a file of the folder. */
void kit_write(const char *file, const char *text, size_t len, unsigned mode);

/** What stands in a file of the folder. */
void kit_text(const char *file, char *out, size_t size);

/** "a.pem", then "b.pem" -> one file. */
void kit_join(const char *to, const char *first, const char *second);

/** Removes the folder. */
void kit_clean(void);

/** How the client behaves. */
struct kit_client {
	const char *cert;    /**< shows NAME.pem by NAME.key; NULL: none      */
	int min, max;        /**< versions; 0: any                            */
	const char *ciphers; /**< of TLS 1.2; NULL: any                       */
	const char *groups;  /**< NULL: any                                   */
	SSL_SESSION *resume; /**< NULL: none                                  */
};

/** The two ends.  `session` is ours; descriptors are non-blocking. */
struct kit_pair {
	SSL_CTX *ctx;
	SSL *client;
	int fds[2]; /**< ours, the client's */
	struct tls_session *session;
};

/** Connected, nothing said. */
void kit_connect(struct tls *tls, const struct kit_client *how, struct kit_pair *out);

/** Both ends in turn until both are through or one cannot go on.  @return How ours ended */
enum tls_io kit_shake(struct kit_pair *pair, bool *client_ok);

/** One read of the client; 0: nothing there, -1: the end. */
int kit_client_read(struct kit_pair *pair, char *out, int size);

void kit_drop(struct kit_pair *pair);
