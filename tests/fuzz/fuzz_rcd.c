/*
 * Claims beside those of shaken: what is read can be signed, and what is printed reads
 * as the same.  An input that begins with "H" is a Resource-Priority header; any other
 * is a payload.
 */
#include "shaken/rcd.h"

#include "shaken/b64url.h"
#include "shaken/claims.h"
#include "shaken/json.h"
#include "shaken/rph.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct sk_token token_of(struct sk_span payload, char *part)
{
	return (struct sk_token){ .payload = { part,
					       sk_b64url_encode(payload.ptr, payload.len, part) } };
}

static struct sk_token print(const struct sk_claims *claims, char *part)
{
	static char text[16384];
	struct sk_buf buf;

	sk_buf_init(&buf, text, sizeof(text));
	sk_claims_print(claims, &buf);
	must(!buf.overflow);
	return token_of((struct sk_span){ text, buf.len }, part);
}

static void check_rph(const struct sk_rph *rph)
{
	static char part[32768];
	const struct sk_claims claims = { .rph = rph };
	const struct sk_token token = print(&claims, part);
	struct sk_rph again;

	must(sk_rph_check(rph));
	must(sk_rph_read(&token, &again) == SK_OK);
	must(again.count == rph->count && again.psap_callback == rph->psap_callback);
	for (size_t i = 0; i < rph->count; i++)
		must(sk_rph_covers(&again, sk_span_of(rph->auth[i])));
}

static void check_rcd(const struct sk_rcd *rcd)
{
	static char part[32768];
	struct sk_rcd digested = *rcd, again;
	const struct sk_claims claims = { .rcd = &digested };
	struct sk_token token;

	digested.digests = true;
	must(sk_rcd_check(rcd));
	token = print(&claims, part);
	must(sk_rcd_read(&token, &again) == SK_OK && again.digests && !again.card);
	must(strcmp(again.nam, rcd->nam) == 0 && strcmp(again.apn, rcd->apn) == 0);
	must(strcmp(again.icn, rcd->icn) == 0 && strcmp(again.crn, rcd->crn) == 0);
}

static void check_header(struct sk_span header)
{
	static char rule1[] = "esnet.*", rule2[] = "wps.0";
	char *const rules[] = { rule1, rule2 };
	struct sk_rph rph;

	if (!sk_rph_select(header, rules, SK_COUNT(rules), &rph))
		return;
	check_rph(&rph);
	for (size_t i = 0; i < rph.count; i++)
		must(strncasecmp(rph.auth[i], "esnet.", 6) == 0 ||
		     strcasecmp(rph.auth[i], "wps.0") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char part[SK_B64URL_LEN(SK_TOKEN_MAX)];
	const struct sk_span text = { (const char *)data, size };
	struct sk_token token;
	struct sk_rph rph;
	struct sk_rcd rcd;

	if (size > 0 && data[0] == 'H')
		check_header((struct sk_span){ text.ptr + 1, size - 1 });
	if (size > SK_TOKEN_MAX)
		return 0;

	token = token_of(text, part);
	if (sk_rph_read(&token, &rph) == SK_OK)
		check_rph(&rph);
	if (sk_rcd_read(&token, &rcd) == SK_OK)
		check_rcd(&rcd);
	return 0;
}
