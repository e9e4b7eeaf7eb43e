/*
 * The system's store is a folder of certificates named by hash, looked up one by
 * one, and on some systems a single file instead.
 */
#include "redirector/certs/tls_store.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <unistd.h>

static bool load_system(X509_STORE *store)
{
	const char *file = X509_get_default_cert_file();
	bool by_folder = X509_STORE_load_path(store, X509_get_default_cert_dir()) == 1;

	if (access(file, R_OK) == 0)
		return X509_STORE_load_file(store, file) == 1;
	return by_folder;
}

bool tls_store_new(const char *path, X509_STORE **out, char why[256])
{
	SK_CLEANUP(X509_STORE_free_p) X509_STORE *store = X509_STORE_new();
	bool loaded;

	if (!store) {
		snprintf(why, 256, "out of memory");
		return false;
	}
	loaded = path[0] ? X509_STORE_load_file(store, path) == 1 : load_system(store);
	ERR_clear_error();
	if (!loaded) {
		snprintf(why, 256, "certs.tls-ca: %.200s: not a readable file of PEM certificates",
			 path[0] ? path : "the system's bundle");
		return false;
	}
	*out = sk_steal(store);
	return true;
}

int tls_store_use(void *ssl_ctx, X509_STORE *store)
{
	SSL_CTX *ctx = ssl_ctx;

	SSL_CTX_set1_cert_store(ctx, store);
	return SSL_CTX_get_cert_store(ctx) == store;
}
