/*
 * The words of the configuration are not those of the sockets: here one becomes the other.
 */
#include "redirector/tls_conf.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	DAY = 86400,
	SOON_DAYS = 30, /* a renewal every 60 to 90 days is common, so this one is late */
	NOW_DAYS = 7,
};

static bool is_wanted(const struct conf *conf)
{
	for (size_t i = 0; i < conf->sip.listen.count; i++)
		if (strncmp(conf->sip.listen.items[i], "tls:", 4) == 0)
			return true;
	return false;
}

bool tls_conf_read(const struct conf *conf, struct tls **out, char why[TLS_WHY_SIZE])
{
	static const enum tls_ask asks[] = {
		[TLS_CLIENTS_ANY] = TLS_ASK_NOT,
		[TLS_CLIENTS_ASKED] = TLS_ASK,
		[TLS_CLIENTS_REQUIRED] = TLS_DEMAND,
	};
	struct tls_set set = {
		.certificate = conf->tls.certificate,
		.key = conf->tls.key,
		.client_ca = conf->tls.client_ca,
		.ask = asks[conf->tls.clients],
		.only_13 = conf->tls.version == TLS_VERSION_1_3,
	};

	if (is_wanted(conf))
		return tls_new(&set, out, why);
	*out = NULL;
	return true;
}

void tls_conf_expiry(const struct conf *conf, const struct tls *tls, int64_t now, struct log *log)
{
	long long left = tls ? tls_not_after(tls) - (long long)now : 0;
	time_t end = tls ? (time_t)tls_not_after(tls) : 0;
	char when[32] = "";
	struct tm tm;

	if (!tls || left > SOON_DAYS * (long long)DAY)
		return;
	if (gmtime_r(&end, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	log_print(log, left > NOW_DAYS * (long long)DAY ? LEVEL_WARNING : LEVEL_ERROR,
		  "event=expiry tls=yes not_after=%s days=%lld certificate=\"%.300s\" msg=\"%s\"",
		  when, left / DAY, conf->tls.certificate,
		  left < 0 ? "has ended: clients refuse us" : "ends soon");
}
