/* The same loaders that the start uses, and nothing kept. */
#include "redirector/certs/check.h"

#include "redirector/certs/configured.h"
#include "redirector/certs/tls_store.h"

bool certs_check(const struct conf *conf, char why[256])
{
	SK_CLEANUP(configured_free_p) struct map *map = NULL;
	SK_CLEANUP(X509_STORE_free_p) X509_STORE *store = NULL;

	return configured_load(&conf->tenant.verify.certificates, &map, why) &&
	       tls_store_new(conf->certs.tls_ca, &store, why);
}
