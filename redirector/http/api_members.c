/*
 * One member each.  A member that is null is as if it was not there: some clients write
 * what they do not have so.
 */
#include "redirector/http/api.h"

#include <string.h>

const json_t *api_member(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	return json_is_null(member) ? NULL : member;
}

bool api_object(const json_t *object, const char *name, const char *path, const json_t **out,
		struct api_finding *finding)
{
	const json_t *member = api_member(object, name);

	if (!member)
		return api_found(finding, API_MISSING, path, NULL);
	if (!json_is_object(member))
		return api_found(finding, API_INVALID, path, "not an object");
	*out = member;
	return true;
}

bool api_text(const json_t *object, const char *name, const char *path, struct sk_span *out,
	      struct api_finding *finding)
{
	const json_t *member = api_member(object, name);

	if (!member)
		return api_found(finding, API_MISSING, path, NULL);
	if (!sk_json_string(object, name, out))
		return api_found(finding, API_INVALID, path, "not a string");
	if (out->len == 0)
		return api_found(finding, API_INVALID, path, "empty");
	return true;
}

/* Beyond 2^53 - 1 JSON's numbers are not exact for everybody (RFC 8259, 6). */
bool api_time(const json_t *object, const char *name, const char *path, int64_t *out,
	      struct api_finding *finding)
{
	static const int64_t most = ((int64_t)1 << 53) - 1;
	const json_t *member = api_member(object, name);
	int64_t value;

	if (!member)
		return api_found(finding, API_MISSING, path, NULL);
	if (!json_is_integer(member))
		return api_found(finding, API_INVALID, path, "not an integer");
	value = json_integer_value(member);
	if (value < 0 || value > most)
		return api_found(finding, API_INVALID, path, "not a number of seconds since 1970");
	*out = value;
	return true;
}

bool api_attest(const json_t *object, const char *name, enum sk_attest *out,
		struct api_finding *finding)
{
	struct sk_span text;

	if (!api_text(object, name, name, &text, finding))
		return false;
	*out = sk_attest_parse(text);
	if (*out == SK_ATTEST_BAD)
		return api_found(finding, API_INVALID, name, "not A, B or C");
	return true;
}

bool api_origid(const json_t *object, const char *name, char out[SK_ORIGID_SIZE],
		struct api_finding *finding)
{
	struct sk_span text;

	if (!api_text(object, name, name, &text, finding))
		return false;
	if (!sk_uuid_read(text, out)) {
		out[0] = '\0';
		return api_found(finding, API_INVALID, name, "not a UUID");
	}
	return true;
}
