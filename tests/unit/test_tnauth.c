/*
 * TNAuthList: every file of the vectors, rows for what they leave out, and which
 * numbers a list covers.
 */
#include "shaken/tnauth.h"

#include "pki.h"
#include "tests/check.h"

#include <jansson.h>
#include <stdlib.h>

static enum sk_err parse_hex(const char *hex, struct sk_tnauth *out)
{
	uint8_t der[8192];
	size_t len = pki_hex(hex, der, sizeof(der));
	uint8_t *copy = malloc(len ? len : 1);
	enum sk_err err;

	memcpy(copy, der, len);
	err = sk_tnauth_parse(copy, len, out);
	free(copy);
	return err;
}

static void test_vectors(void)
{
	size_t len, rows = 0;
	char *text = pki_vector("asn1/index.json", &len);
	json_t *index = json_loads(text, 0, NULL), *row;
	size_t i;

	CHECK(json_array_size(index) >= 20, "index.json");
	json_array_foreach(index, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *hex = json_string_value(json_object_get(row, "hex"));
		const char *must = json_string_value(json_object_get(row, "must_yield"));
		struct sk_tnauth list = { .count = 99 };
		char path[128];
		enum sk_err err;

		if (strncmp(name, "tnal-", 5) != 0)
			continue;
		rows++;
		/* the reasons to refuse begin with "invalid" or "reject"; two codes are a valid
		 * list */
		const bool good = strncmp(must, "valid", 5) == 0 || strstr(must, "8226 valid");
		snprintf(path, sizeof(path), "asn1/%s.der", name);
		size_t file_len;
		char *file = pki_vector(path, &file_len);
		uint8_t der[512];

		CHECK(pki_hex(hex, der, sizeof(der)) == file_len &&
			      memcmp(der, file, file_len) == 0,
		      "%s: file and index agree", name);
		err = sk_tnauth_parse((const uint8_t *)file, file_len, &list);
		CHECK(err == (good ? SK_OK : SK_CERT_TNAUTH), "%s: %s", name, sk_err_name(err));
		CHECK(good || list.count == 99, "%s: untouched", name);
		/* every shorter piece of it is refused */
		for (size_t cut = 0; good && cut < file_len; cut++)
			CHECK(sk_tnauth_parse((const uint8_t *)file, cut, &list) == SK_CERT_TNAUTH,
			      "%s: cut to %zu", name, cut);
		free(file);
	}
	CHECK(rows >= 20, "rows: %zu", rows);
	json_decref(index);
	free(text);
}

static void test_rows(void)
{
	static const struct {
		const char *hex, *what;
		bool ok;
	} cases[] = {
		{ "3005a003160141", "code of one", true },
		{ "3014a0121610"
		  "41414141414141414141414141414141",
		  "code of 16", true },
		{ "3015a0131611"
		  "4141414141414141414141414141414141",
		  "code of 17", false },
		{ "3008a006160437302d4a", "dash in a code", false },
		{ "3008a00616043730004a", "NUL in a code", false },
		{ "3008a0061604373080"
		  "4a",
		  "byte above 0x7f", false },
		{ "300aa10830061601300201"
		  "02",
		  "0..1", true },
		{ "300aa10830061601300201"
		  "0a",
		  "0..9", true },
		{ "300aa10830061601300201"
		  "0b",
		  "0..10", false },
		{ "300aa10830061601380201"
		  "02",
		  "8..9", true },
		{ "300aa10830061601380201"
		  "03",
		  "8..10", false },
		{ "300aa10830061601300201"
		  "00",
		  "count 0", false },
		{ "300aa10830061601300201"
		  "ff",
		  "count negative", false },
		{ "300ba109300716013002020002", "count with a zero too many", false },
		{ "3012a110300e1601300209"
		  "00ffffffffffffffff",
		  "count of 64 bits", false },
		{ "3013a111300f160130020a"
		  "01000000000000000000",
		  "count of 73 bits", false },
		{ "300ca10a30081601300201020500", "more in a range", false },
		{ "300ca10a30061601300201020500", "more behind a range", false },
		{ "3006a1043002"
		  "1600",
		  "empty start", false },
		{ "3007a1053003160130", "range without count", false },
		{ "3007a205160331"
		  "3233",
		  "one", true },
		{ "3004a2021600", "empty number", false },
		{ "3007a205160331"
		  "3261",
		  "letter in a number", false },
		{ "3009a20716033132330500", "more in a number", false },
		{ "300aa008160437303941"
		  "0500",
		  "more in a code", false },
		{ "3008a0061604373039", "cut", false },
		{ "308108a006160437303941", "long length", false },
		{ "30820008a006160437303941", "longer length", false },
		{ "3108a006160437303941", "SET", false },
		{ "30080006160437303941", "universal tag", false },
		{ "3008bf06160437303941", "long tag", false },
		{ "30", "tag only", false },
		{ "", "nothing", false },
		{ "0500", "NULL", false },
		{ "308400000000", "zero in four bytes", false },
		{ "3085ffffffffff", "five length bytes", false },
		{ "3084ffffffff", "length beyond", false },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_tnauth list;
		enum sk_err err = parse_hex(cases[i].hex, &list);

		CHECK((err == SK_OK) == cases[i].ok, "%s (%s)", cases[i].what, cases[i].hex);
		CHECK(err == SK_OK || err == SK_CERT_TNAUTH, "%s", cases[i].what);
	}
}

static void test_size(void)
{
	struct sk_tnauth list;
	uint8_t der[4 + 5 * (SK_TNAUTH_MAX + 1)];

	for (size_t count = SK_TNAUTH_MAX; count <= SK_TNAUTH_MAX + 1; count++) {
		const size_t body = count * 5;

		memcpy(der, (uint8_t[]){ 0x30, 0x82, (uint8_t)(body >> 8), (uint8_t)body }, 4);
		for (size_t i = 0; i < count; i++)
			memcpy(der + 4 + i * 5,
			       "\xa0\x03\x16\x01"
			       "A",
			       5);
		CHECK((sk_tnauth_parse(der, 4 + body, &list) == SK_OK) == (count == SK_TNAUTH_MAX),
		      "%zu entries", count);
	}
}

static void test_meaning(void)
{
	static const struct {
		const char *hex, *number;
		bool covered;
		const char *spc;
	} cases[] = {
		{ "3008a00616043730394a", "12155551212", true, "709J" },
		{ "3008a00616043730394a", "1", true, "709J" },
		{ "3010a006160431323334a006160435363738", "12155551212", true, NULL },
		{ "300fa20d160b3132313535353531323132", "12155551212", true, NULL },
		{ "300fa20d160b3132313535353531323132", "12155551213", false, NULL },
		{ "300fa20d160b3132313535353531323132", "1215555121", false, NULL },
		{ "3015a1133011160b3132313535353531303030020203e8", "12155551000", true, NULL },
		{ "3015a1133011160b3132313535353531303030020203e8", "12155551999", true, NULL },
		{ "3015a1133011160b3132313535353531303030020203e8", "12155552000", false, NULL },
		{ "3015a1133011160b3132313535353531303030020203e8", "12155550999", false, NULL },
		{ "3015a1133011160b3132313535353531303030020203e8", "012155551000", false, NULL },
		{ "3015a1133011160b3132313535353531303030020203e8", "1215555100*", false, NULL },
		{ "3007a20516032a3637", "*67", true, NULL },
		{ "3007a20516032a3637", "67", false, NULL },
		/* 0..1 is of one digit: 00 and 01 are other numbers */
		{ "300aa1083006160130020102", "1", true, NULL },
		{ "300aa1083006160130020102", "01", false, NULL },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_party party = { .kind = SK_PARTY_TN };
		struct sk_tnauth list;
		const char *spc;

		snprintf(party.text, sizeof(party.text), "%s", cases[i].number);
		CHECK(parse_hex(cases[i].hex, &list) == SK_OK, "%s", cases[i].hex);
		CHECK(sk_tnauth_covers(&list, &party) == cases[i].covered, "%s in %s",
		      cases[i].number, cases[i].hex);
		party.kind = SK_PARTY_URI;
		CHECK(!sk_tnauth_covers(&list, &party), "a URI is no number");
		party.kind = SK_PARTY_NONE;
		CHECK(!sk_tnauth_covers(&list, &party), "nothing is no number");
		spc = sk_tnauth_spc(&list);
		CHECK(!spc == !cases[i].spc, "one code: %s", cases[i].hex);
		if (spc && cases[i].spc)
			CHECK_STR(spc, cases[i].spc, "code");
	}
}

int main(void)
{
	test_vectors();
	test_rows();
	test_size();
	test_meaning();
	return check_result();
}
