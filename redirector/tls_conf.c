/*
 * The words of the configuration are not those of the sockets: here one becomes the other.
 */
#include "redirector/tls_conf.h"

#include "redirector/expiry.h"

#include <string.h>

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
	expiry_listener("tls", tls ? tls_not_after(tls) : 0, conf->tls.certificate, now, log);
}
