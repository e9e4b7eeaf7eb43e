/*
 * The same loaders that the start uses, and nothing kept.  A store that cannot be used is
 * only a warning, as it is at the start: it costs the store, never the service.
 */
#include "redirector/certs/check.h"

#include "redirector/certs/configured.h"
#include "redirector/certs/store_folder.h"
#include "redirector/certs/tls_store.h"

bool certs_check(const struct conf *conf, struct log *log, char why[256])
{
	SK_CLEANUP(configured_free_p) struct map *map = NULL;
	SK_CLEANUP(X509_STORE_free_p) X509_STORE *store = NULL;
	const char *folder = conf->certs.store ? conf->certs.store : "";
	char reason[STORE_WHY_SIZE];

	if (!configured_load(&conf->tenant.verify.certificates, &map, why) ||
	    !tls_store_new(conf->certs.tls_ca, &store, why))
		return false;
	if (log && folder[0] != '\0' && !folder_usable(folder, reason))
		log_print(log, LEVEL_WARNING,
			  "event=store state=none folder=\"%.200s\" msg=\"certs.store: %s; run by "
			  "this user, certificates would be kept in memory only\"",
			  folder, reason);
	return true;
}
