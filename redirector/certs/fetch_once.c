/*
 * The blocking form, for the command.  What surprises: the multi handle, for one transfer:
 * curl's easy form would wait for a silent name server as long as that likes.
 */
#include "redirector/base/clock.h"
#include "redirector/certs/fetch.h"
#include "redirector/certs/transfer.h"

#include <stdlib.h>

enum {
	GRACE = 200, /* ms: curl's own timeout speaks first, its reason is the better one */
};

static enum sk_err wait_for(CURLM *multi, struct transfer *t, struct fetch_result *out)
{
	int64_t deadline = clock_real_mono(NULL) + transfer_timeout(t) + GRACE;
	int running = 1, left;
	CURLMsg *msg;

	while (curl_multi_perform(multi, &running) == CURLM_OK && running > 0) {
		if (clock_real_mono(NULL) >= deadline)
			return SK_FETCH_TIMEOUT;
		if (curl_multi_poll(multi, NULL, 0, 50, NULL) != CURLM_OK)
			return SK_ENOMEM;
	}
	msg = curl_multi_info_read(multi, &left);
	if (!msg || msg->msg != CURLMSG_DONE)
		return SK_ENOMEM;
	*out = transfer_result(t, msg->data.result);
	return out->err;
}

static enum sk_err fetch_blocking(struct transfer *t, const struct rules *rules,
				  struct sk_span text)
{
	CURLM *multi = NULL;
	struct fetch_job job = { .url = text };
	struct sk_url url;
	struct fetch_result result;
	enum sk_err err = transfer_accept(t, rules, &job, &url);

	if (err == SK_OK)
		err = transfer_begin(t, rules, &job);
	if (err != SK_OK)
		return err;
	multi = curl_multi_init();
	if (!multi)
		return SK_ENOMEM;
	err = SK_ENOMEM;
	if (curl_multi_add_handle(multi, t->easy) == CURLM_OK) {
		err = wait_for(multi, t, &result);
		curl_multi_remove_handle(multi, t->easy);
	}
	curl_multi_cleanup(multi);
	return err;
}

enum sk_err fetch_once(const struct certs_conf *conf, struct sk_span url, char **body, size_t *len)
{
	SK_CLEANUP(rules_unref_p) struct rules *rules = NULL;
	struct transfer t = { .easy = NULL };
	char why[256];
	enum sk_err err = SK_EINTERNAL;

	if (!fetch_may_ask(conf, url))
		return SK_FETCH_REFUSED;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return SK_EINTERNAL;
	if (rules_new(conf, &rules, why))
		err = fetch_blocking(&t, rules, url);
	if (err == SK_OK && !t.body && !(t.body = malloc(1)))
		err = SK_ENOMEM;
	if (err == SK_OK) {
		t.body[t.len] = '\0';
		*len = t.len;
		*body = sk_steal(t.body);
	}
	transfer_end(&t);
	curl_global_cleanup();
	return err;
}
