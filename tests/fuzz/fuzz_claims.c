/* Claims printed are JSON that reads as the same claims; printed again, the same text. */
#include "shaken/claims.h"
#include "shaken/json.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static enum sk_err read_claims(struct sk_span text, enum sk_ppt ppt, struct sk_claims *out)
{
	json_auto_t *json = NULL;
	enum sk_err err = sk_json_parse(text, &json);

	return err ? err : sk_claims_read(json, ppt, out);
}

static size_t print(const struct sk_claims *claims, char *text, size_t size)
{
	struct sk_buf buf;

	sk_buf_init(&buf, text, size);
	sk_claims_print(claims, &buf);
	must(!buf.overflow);
	return buf.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char once[65536], twice[65536];
	struct sk_claims claims, again;
	enum sk_ppt ppt;
	size_t len;

	if (size == 0)
		return 0;
	ppt = (enum sk_ppt)(data[0] % (SK_PPT_OTHER + 1));
	if (read_claims((struct sk_span){ (const char *)data + 1, size - 1 }, ppt, &claims))
		return 0;

	must(claims.dest_count > 0 && claims.dest_count <= SK_DEST_MAX);
	must(claims.orig.kind != SK_PARTY_NONE && claims.orig.text[0] != '\0');
	len = print(&claims, once, sizeof(once));
	if (len > SK_JSON_MAX)
		return 0;
	/* what a shaken token must have is not printed when it is empty or wrong */
	if (ppt == SK_PPT_SHAKEN && (claims.attest == SK_ATTEST_BAD || claims.origid[0] == '\0'))
		return 0;

	must(read_claims((struct sk_span){ once, len }, ppt, &again) == SK_OK);
	must(print(&again, twice, sizeof(twice)) == len && memcmp(once, twice, len) == 0);
	must(again.iat == claims.iat && again.dest_count == claims.dest_count);
	must(sk_party_eq(&again.orig, &claims.orig) && strcmp(again.origid, claims.origid) == 0);

	return 0;
}
