/*
 * A certificate with a successor on file is no news until the successor ends, too.
 */
#include "redirector/expiry.h"

#include "redirector/base/log_word.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	DAY = 86400,
};

/* Does another certificate of that credential last longer? */
static bool has_longer(const struct keystore *keys, const struct keystore_cert *cert)
{
	for (size_t i = 0; i < keystore_count(keys); i++) {
		struct keystore_cert other;

		keystore_at(keys, i, &other);
		if (other.chain && strcmp(other.name, cert->name) == 0 &&
		    sk_chain_leaf(other.chain)->not_after > sk_chain_leaf(cert->chain)->not_after)
			return true;
	}
	return false;
}

static void warn(const struct tenant *tenant, const struct keystore_cert *cert, int64_t now,
		 struct log *log)
{
	time_t end = sk_chain_leaf(cert->chain)->not_after;
	char when[32] = "", name[LOG_WORD_SIZE];
	struct tm tm;

	if (gmtime_r(&end, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	log_print(log, LEVEL_WARNING,
		  "event=expiry tenant=%s credential=%s not_after=%s days=%lld "
		  "certificate=\"%.300s\" "
		  "msg=\"%s\"",
		  log_word(tenant->set->name, name), cert->name, when,
		  (long long)((end - now) / DAY), cert->certificate,
		  end < now ? "has ended: nothing is signed" : "ends soon");
}

/* @return how many end soon */
static size_t report_tenant(const struct tenant *tenant, int64_t now, size_t room, struct log *log)
{
	size_t found = 0;

	if (!tenant || !tenant->keys)
		return 0;
	for (size_t i = 0; i < keystore_count(tenant->keys); i++) {
		struct keystore_cert cert;

		keystore_at(tenant->keys, i, &cert);
		if (!cert.chain ||
		    sk_chain_leaf(cert.chain)->not_after > now + EXPIRY_DAYS * (int64_t)DAY ||
		    has_longer(tenant->keys, &cert))
			continue;
		if (found++ < room)
			warn(tenant, &cert, now, log);
	}
	return found;
}

void expiry_report(const struct directory *directory, int64_t now, struct log *log)
{
	size_t found = report_tenant(directory_fallback(directory), now, EXPIRY_LINES, log);

	for (size_t i = 0; i < directory_count(directory); i++) {
		size_t room = found < EXPIRY_LINES ? EXPIRY_LINES - found : 0;

		found += report_tenant(directory_at(directory, i), now, room, log);
	}
	if (found > EXPIRY_LINES)
		log_print(log, LEVEL_WARNING, "event=expiry msg=\"%zu more end soon\"",
			  found - EXPIRY_LINES);
}

void expiry_listener(const char *section, int64_t not_after, const char *certificate, int64_t now,
		     struct log *log)
{
	int64_t left = not_after - now;
	char when[32] = "";
	struct tm tm;
	time_t end = (time_t)not_after;

	if (not_after == 0 || left > EXPIRY_LISTENER_DAYS * (int64_t)DAY)
		return;
	if (gmtime_r(&end, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	log_print(log, left > EXPIRY_DAYS * (int64_t)DAY ? LEVEL_WARNING : LEVEL_ERROR,
		  "event=expiry %s=yes not_after=%s days=%lld certificate=\"%.300s\" msg=\"%s\"",
		  section, when, (long long)(left / DAY), certificate,
		  left < 0 ? "has ended: clients refuse us" : "ends soon");
}
