/*
 * OpenSSL says "no" in the same way for a forged signature and for a failed
 * malloc.  Its error queue tells most of them apart, not all: some paths report
 * nothing, some take the report back.  So memory is tried as well, and whoever
 * has bad news asks a second time (sk_crypto_blames()).
 */
#include "shaken/crypto.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>

enum {
	PROBE_SIZE = 256, /* about what OpenSSL asks for at once */
};

bool sk_crypto_memory(void)
{
	void *probe = OPENSSL_malloc(PROBE_SIZE);
	bool failed = !probe;

	OPENSSL_free(probe);
	for (unsigned long e = ERR_get_error(); e != 0; e = ERR_get_error())
		failed |= ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;

	return failed;
}

enum sk_err sk_crypto_fault(void)
{
	return sk_crypto_memory() ? SK_ENOMEM : SK_ECRYPTO;
}

bool sk_crypto_blames(enum sk_err err)
{
	return err && sk_err_class(err) != SK_CLASS_OURS;
}

enum sk_err sk_crypto_agree(enum sk_err first, enum sk_err second)
{
	return first == second ? second : SK_ENOMEM;
}

void sk_pem_clear(struct sk_pem *block)
{
	OPENSSL_free(block->name);
	OPENSSL_clear_free(block->der, block->len);
	*block = (struct sk_pem){ 0 };
}

/* PEM_read_bio() reports the end of the input as an error like all others */
static enum sk_err read_failure(void)
{
	const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

	if (sk_crypto_memory())
		return SK_ENOMEM;

	return at_end ? SK_OK : SK_CERT_SYNTAX;
}

enum sk_err sk_pem_next(BIO *in, struct sk_pem *block)
{
	char *headers = NULL;
	bool plain;
	long len = 0;

	sk_pem_clear(block);
	ERR_clear_error();
	if (PEM_read_bio(in, &block->name, &headers, &block->der, &len) != 1)
		return read_failure();

	block->len = (size_t)len;
	plain = headers[0] == '\0';
	OPENSSL_free(headers);
	return plain ? SK_OK : SK_CERT_SYNTAX;
}
