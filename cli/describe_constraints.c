/*
 * The library judges constraints and does not show them.  Here they are only
 * shown, after the library has found them well-formed: whatever does not fit the
 * expected shape is left out.
 */
#include "cli/describe.h"
#include "cli/out.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

/* What is left of a DER text. */
struct der {
	const unsigned char *ptr;
	long left;
};

/* The next element; `out` gets its content. */
static bool next(struct der *der, int *tag, struct der *out)
{
	const unsigned char *p = der->ptr;
	long len = 0;
	int class = 0;

	if (der->left <= 0 || ASN1_get_object(&p, &len, tag, &class, der->left) & 0x80)
		return false;
	*out = (struct der){ p, len };
	der->left -= (p - der->ptr) + len;
	der->ptr = p + len;
	return true;
}

static json_t *strings(struct der list)
{
	json_t *array = json_array();
	struct der one;
	int tag;

	while (next(&list, &tag, &one))
		json_array_append_new(array, out_json_text((struct sk_span){ (const char *)one.ptr,
									     (size_t)one.left }));
	return array;
}

/* JWTClaimValuesList: a name and the values it may have, for each claim. */
static json_t *permitted(struct der list)
{
	json_t *object = json_object();
	struct der pair, name, values;
	int tag;

	while (next(&list, &tag, &pair)) {
		char key[OUT_TEXT_SIZE];

		if (!next(&pair, &tag, &name) || !next(&pair, &tag, &values))
			continue;
		out_safe((struct sk_span){ (const char *)name.ptr, (size_t)name.left }, key);
		json_object_set_new(object, key, strings(values));
	}
	return object;
}

static json_t *describe(struct der value)
{
	json_t *object = json_object();
	struct der all, tagged, list;
	int tag, inner;

	if (!next(&value, &tag, &all))
		return object;
	while (next(&all, &tag, &tagged)) {
		if (!next(&tagged, &inner, &list))
			continue;
		if (tag == 0)
			json_object_set_new(object, "mustInclude", strings(list));
		else if (tag == 1)
			json_object_set_new(object, "permittedValues", permitted(list));
		else if (tag == 2)
			json_object_set_new(object, "mustExclude", strings(list));
	}
	return object;
}

json_t *describe_constraints(const X509 *cert)
{
	static const char *const oids[] = { "1.3.6.1.5.5.7.1.27", "1.3.6.1.5.5.7.1.33" };

	for (size_t i = 0; i < SK_COUNT(oids); i++) {
		ASN1_OBJECT *oid = OBJ_txt2obj(oids[i], 1);
		int at = oid ? X509_get_ext_by_OBJ(cert, oid, -1) : -1;
		const ASN1_OCTET_STRING *octets;

		ASN1_OBJECT_free(oid);
		if (at < 0)
			continue;
		octets = X509_EXTENSION_get_data(X509_get_ext(cert, at));
		return describe(
			(struct der){ ASN1_STRING_get0_data(octets), ASN1_STRING_length(octets) });
	}
	return NULL;
}
