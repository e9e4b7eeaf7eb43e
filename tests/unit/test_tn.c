/*
 * The rows of the vector file, and tables of our own for what it leaves out.  A
 * want of NULL is "nothing that can be named"; "!" is a value that earns a 400.
 */
#include "shaken/tn.h"
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

struct row {
	const char *in, *want;
};

static const struct sk_dialplan america = {
	.country = "1", .international = "011", .digits_are_tn = true, .min_digits = 7
};
static const struct sk_dialplan france = {
	.country = "33", .international = "00", .digits_are_tn = true, .min_digits = 7
};
static const struct sk_dialplan nowhere = { .country = "" };

static void check_party(const char *name, const char *in, const struct sk_dialplan *plan,
			enum sk_role role, const char *want)
{
	struct sk_party party = { SK_PARTY_URI, "untouched" };
	enum sk_err err = sk_party_read(sk_span_of(in), plan, role, &party);

	if (want && strcmp(want, "!") == 0) {
		CHECK(err == SK_REQUEST_SYNTAX, "%s: %s: %s", name, in, party.text);
		CHECK_STR(party.text, "untouched", in);
		return;
	}

	CHECK(err == SK_OK, "%s: %s", name, in);
	if (!want) {
		CHECK(party.kind == SK_PARTY_NONE, "%s: %s: got %s", name, in, party.text);
		CHECK_STR(party.text, "", in);
		return;
	}
	CHECK(party.kind == (strchr(want, ':') ? SK_PARTY_URI : SK_PARTY_TN), "%s: %s", name, in);
	CHECK_STR(party.text, want, in);
}

static void check_table(const char *name, const struct row *rows, size_t count,
			const struct sk_dialplan *plan, enum sk_role role)
{
	for (size_t i = 0; i < count; i++)
		check_party(name, rows[i].in, plan, role, rows[i].want);
}

/* Cut a line at its tabs. */
static int columns(char *line, char **out, int max)
{
	int count = 0;

	line[strcspn(line, "\r\n")] = '\0';
	for (char *at = line; at && count < max; count++) {
		out[count] = at;
		at = strchr(at, '\t');
		if (at)
			*at++ = '\0';
	}

	return count;
}

static void test_vectors(void)
{
	const char *folder = getenv("VECTORS");
	char path[4096], line[1024], *col[8], name[32];
	int rows = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/canon/tn.tsv", folder ? folder : "no-VECTORS");
	f = fopen(path, "r");
	CHECK(f != NULL, "%s", path);

	while (f && fgets(line, sizeof(line), f)) {
		struct sk_dialplan plan = { .digits_are_tn = true, .min_digits = 7 };

		if (line[0] == '#')
			continue;
		if (columns(line, col, 8) != 8) {
			CHECK(false, "a row without 8 columns: %s", line);
			continue;
		}
		snprintf(plan.country, sizeof(plan.country), "%s", col[2]);
		snprintf(plan.international, sizeof(plan.international), "%s", col[3]);
		snprintf(name, sizeof(name), "row %s", col[0]);
		check_party(name, col[1], &plan,
			    strcmp(col[4], "orig") == 0 ? SK_ROLE_ORIG : SK_ROLE_DEST,
			    strcmp(col[5], "none") == 0     ? NULL
			    : strcmp(col[5], "err400") == 0 ? "!"
							    : col[6]);
		rows++;
	}
	if (f)
		fclose(f);
	CHECK(rows == 50, "%d rows", rows);
}

static void test_calling(void)
{
	static const struct row rows[] = {
		{ "<sip:+12155551212@h>", "12155551212" },
		{ "<sip:12155551212@h>", "12155551212" },
		{ "<sip:2155551212@h>", "12155551212" },
		{ "<sip:215-555-1212@h>", "sip:215-555-1212@h" }, /* separators need user=phone */
		{ "<sip:215-555-1212@h;user=phone>", "12155551212" },
		{ "<sip:1155551212@h;user=phone>", NULL }, /* no area code starts with 1 */
		{ "<sip:0155551212@h;user=phone>", NULL },
		{ "<sip:5551212@h;user=phone>", NULL }, /* no area code */
		{ "<sip:911@h;user=phone>", NULL },
		{ "<sip:911@h>", NULL },
		{ "<sip:101@h>", "sip:101@h" },
		{ "<sip:101@h;user=phone>", NULL },
		{ "<sip:*67@h;user=phone>", NULL },
		{ "<sip:*6712155551212@h;user=phone>", NULL },
		{ "<sip:+*12155551212@h>", NULL },
		{ "<sip:+1#2155551212@h>", NULL },
		{ "<sip:011@h;user=phone>", NULL },
		{ "<sip:011442079460123@h;user=phone>", "442079460123" },
		{ "<sip:011042079460123@h;user=phone>", NULL },
		{ "<sip:442079460123@h;user=phone>", "442079460123" },
		{ "<sip:+02155551212@h>", NULL },
		{ "<sip:+215555@h>", NULL },
		{ "<sip:+123456789012345@h>", "123456789012345" },
		{ "<sip:+1234567890123456@h>", NULL },
		{ "<sip:12345678901234567890@h>", NULL },
		{ "<sip:1234567890123456789012345678901234567890@h>", NULL },
		{ "<sip:1+2155551212@h;user=phone>", "sip:1+2155551212@h" },
		{ "<tel:1+2155551212>", NULL },
		{ "<tel:+12155551212;phone-context=example.com>", "12155551212" },
		{ "<tel:5551212;phone-context=+1215>", "12155551212" },
		{ "<tel:1212;phone-context=+1-215-555>", "12155551212" },
		{ "<tel:5551212;phone-context=+1>", NULL },
		{ "<tel:2155551212;phone-context=+>", NULL },
		{ "<tel:2155551212;phone-context=1>", NULL },
		{ "<tel:2155551212;PHONE-CONTEXT=+1>", "12155551212" },
		{ "<tel:12155551212;phone-context=+1>", "12155551212" },
		{ "<tel:030123456;phone-context=+49>", "4930123456" },
		{ "<tel:0030123456;phone-context=+49>", NULL },
		{ "<tel:0612345678;phone-context=+39>", "390612345678" }, /* the 0 belongs to it */
		{ "<tel:88005553535;phone-context=+7>", "78005553535" },
		{ "<tel:8005553535;phone-context=+7>", "78005553535" },
		{ "<sip:2155551212;phone-context=+1@h;user=phone>", "12155551212" },
		{ "<sip:2155551212;phone-context=example.com@h;user=phone>", NULL },
		{ "<sip:anonymous@example.com>", NULL },
		{ "<sip:%61NONYMOUS@example.com>", NULL },
		{ "<sip:anonymous2@example.com>", "sip:anonymous2@example.com" },
		{ "<sip:anonymou@example.com>", "sip:anonymou@example.com" },
		{ "<sip:anonymous;x=y@example.com>", NULL },
		{ "<sip:+12155551212@anonymous.invalid>", NULL },
		{ "<sip:+12155551212@invalid.example>", "12155551212" },
		{ "<sip:%00@example.com>", NULL },
		{ "<sip:alice;x=%00@example.com>", NULL },
	};

	check_table("calling", rows, SK_COUNT(rows), &america, SK_ROLE_ORIG);
}

static void test_called(void)
{
	static const struct row rows[] = {
		{ "<sip:911@h>", "911" },
		{ "<sip:112@h>", "112" },
		{ "<sip:111@h>", "sip:111@h" },
		{ "<sip:101@h>", "sip:101@h" },
		{ "<sip:101@h;user=phone>", "101" },
		{ "<sip:5551212@h;user=phone>", "5551212" },
		{ "<sip:*67@h>", "*67" },
		{ "<sip:%2A67@h>", "*67" },
		{ "<sip:#67#@h>", "#67#" },
		{ "<tel:#67#>", "#67#" },
		{ "<tel:911>", "911" },
		{ "<tel:911;phone-context=example.com>", "911" },
		{ "<tel:7042;phone-context=example.com>", NULL },
		{ "<tel:*67;phone-context=example.com>", NULL },
		{ "<sip:+911@h>", "911" },
		{ "<sip:+*67@h>", NULL },
		{ "<sip:*671234567890123456@h>", NULL },
		{ "<urn:service:SOS>", "urn:service:sos" },
		{ "<sip:alice@[2001:DB8::1]:5060>", "sip:alice@[2001:db8::1]" },
		{ "<sip:a%2bb@h>", "sip:a%2Bb@h" },
		{ "<sip:a;B=%7e@h>", "sip:a;b=~@h" },
		{ "<sip:a?b@h>", "sip:a?b@h" },
		{ "<sip:h;user=phone>", "sip:h" },
		{ "<sip:a@h:5060;lr?To=x>", "sip:a@h" },
		{ "<sip:+12155551212@h?user=phone>", "12155551212" },
		{ "<mailto:A@B>", "mailto:a@b" },
	};

	check_table("called", rows, SK_COUNT(rows), &america, SK_ROLE_DEST);
}

static void test_plans(void)
{
	static const struct sk_dialplan spain = { .country = "34", .international = "00" };
	static const struct sk_dialplan italy = { .country = "39", .international = "00" };
	static const struct sk_dialplan ecuador = { .country = "593", .trunk = "0" };
	static const struct sk_dialplan unknown = { .country = "593" };
	static const struct {
		const struct sk_dialplan *plan;
		const char *in, *want;
	} cases[] = {
		{ &france, "0140278000", "33140278000" },
		{ &france, "140278000", "33140278000" },
		{ &france, "33140278000", "33140278000" },
		{ &france, "0033140278000", "33140278000" },
		{ &france, "12155551212", "12155551212" },
		{ &france, "01402780", NULL },
		{ &france, "01402780001", NULL },
		{ &spain, "911234567", "34911234567" },
		{ &spain, "34911234567", "34911234567" },
		{ &spain, "0034911234567", "34911234567" },
		{ &italy, "0612345678", "390612345678" },
		{ &italy, "3912345678", "393912345678" },
		{ &italy, "393912345678", "393912345678" },
		{ &ecuador, "0991234567", "593991234567" },
		{ &ecuador, "593991234567", "593991234567" },
		{ &ecuador, "00991234567", NULL },
		{ &unknown, "991234567", "593991234567" },
		{ &unknown, "0991234567", NULL },
		{ &nowhere, "12155551212", "12155551212" },
		{ &nowhere, "0140278000", NULL },
		{ &nowhere, "123456", NULL },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_party party = { SK_PARTY_NONE, "untouched" };
		const char *want = cases[i].want;
		enum sk_err err = sk_party_from_number(sk_span_of(cases[i].in), cases[i].plan,
						       SK_ROLE_ORIG, &party);

		CHECK(err == (want ? SK_OK : SK_TN_SYNTAX), "%s in %s", cases[i].in,
		      cases[i].plan->country);
		CHECK_STR(party.text, want ? want : "untouched", cases[i].in);
	}

	/* without digits_are_tn only user=phone or a '+' makes a number */
	check_party("policy off", "<sip:12155551212@h>", &nowhere, SK_ROLE_ORIG,
		    "sip:12155551212@h");
	check_party("policy off", "<sip:+12155551212@h>", &nowhere, SK_ROLE_ORIG, "12155551212");
	check_party("policy off", "<sip:12155551212@h;user=phone>", &nowhere, SK_ROLE_ORIG,
		    "12155551212");
}

static void test_numbers(void)
{
	static const struct {
		const char *in, *orig, *dest;
	} cases[] = {
		{ "+1 (215) 555-1212", "12155551212", "12155551212" },
		{ " 1.215.555.1212 ", "12155551212", "12155551212" },
		{ "*67", NULL, "*67" },
		{ "911", NULL, "911" },
		{ "", NULL, NULL },
		{ " ", NULL, NULL },
		{ "+", NULL, NULL },
		{ "1+2155551212", NULL, NULL },
		{ "alice", NULL, NULL },
		{ "1-800-FLOWERS", NULL, NULL },
		{ "1234567890123456", NULL, NULL },
		{ "%2B12155551212", NULL, NULL },
		{ "12155551212\n12155551213", NULL, NULL },
		{ "sip:+12155551212@h", NULL, NULL },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		for (int role = SK_ROLE_ORIG; role <= SK_ROLE_DEST; role++) {
			const char *want = role == SK_ROLE_ORIG ? cases[i].orig : cases[i].dest;
			struct sk_party party = { SK_PARTY_NONE, "untouched" };
			enum sk_err err = sk_party_from_number(sk_span_of(cases[i].in), &america,
							       (enum sk_role)role, &party);

			CHECK(err == (want ? SK_OK : SK_TN_SYNTAX), "%s", cases[i].in);
			CHECK_STR(party.text, want ? want : "untouched", cases[i].in);
		}
	}
}

static void test_malformed(void)
{
	static const struct row rows[] = {
		{ "", "!" },
		{ " ", "!" },
		{ "<>", "!" },
		{ "<sip:+12155551212@h", "!" },
		{ "sip:+12155551212@h>", "!" },
		{ "\"Bob <sip:+12155551212@h>", "!" },
		{ "\"Bob\\\" <sip:+12155551212@h>", "!" },
		{ "Bell, Alice <sip:+12155551212@h>", "!" },
		{ "<sip:+12155551212@h>,<sip:+12155551213@h>", "!" },
		{ "<sip:+12155551212@h>;x=1,y", "!" },
		{ "<sip:+12155551212@h> tag=1", "!" },
		{ "<sip:+12155551212@h>;tag=\"1", "!" },
		{ "<sip:+12155551212@h>;tag=<1>", "!" },
		{ "<sip:+12155551212@h;x=a@b>", "!" },
		{ "<sip:a@b@c>", "!" },
		{ "<sip:@h>", "!" },
		{ "<sip::pw@h>", "!" },
		{ "<sip:>", "!" },
		{ "<sip:a@>", "!" },
		{ "<sip:a@h:>", "!" },
		{ "<sip:a@h:port>", "!" },
		{ "<sip:a@h:123456>", "!" },
		{ "<sip:a@[2001:db8::1>", "!" },
		{ "<sip:a@[]>", "!" },
		{ "<sip:a@[2001:db8::1]x>", "!" },
		{ "<sip:a@h%61>", "!" },
		{ "<sip:a@h!x>", "!" },
		{ "<sip:a b@h>", "!" },
		{ "< sip:a@h>", "!" },
		{ "<sip:a%@h>", "!" },
		{ "<sip:a%4@h>", "!" },
		{ "<sip:a%zz@h>", "!" },
		{ "<sip:a\\b@h>", "!" },
		{ "<sip:\303\251@h>", "!" },
		{ "<alice@h>", "!" },
		{ "<5060:alice@h>", "!" },
		{ "<:alice@h>", "!" },
		{ "<tel:>", "!" },
		{ "alice", "!" },
		{ "sip:alice@h?Subject=x", "!" },
		{ "Bob\001 <sip:+12155551212@h>", "!" },
		/* neighbours that are well-formed */
		{ "caller<sip:+12155551212@h>", "12155551212" },
		{ "\"Bell, <Alice> \\\"999\\\"\" <sip:+12155551212@h>", "12155551212" },
		{ "J\303\251r\303\264me <sip:+12155551212@h>", "12155551212" },
		{ "\"\" <sip:+12155551212@h> ; tag=\"a,b<c>\"", "12155551212" },
		{ "Bob\r\n <sip:+12155551212@h>\r\n ;tag=1", "12155551212" },
		{ "sip:+12155551212@h;user=phone;tag=1", "12155551212" },
		{ "sip:+12155551212@h ;tag=1", "12155551212" },
	};

	check_table("malformed", rows, SK_COUNT(rows), &america, SK_ROLE_ORIG);
}

static void test_split(void)
{
	static const struct {
		const char *in, *uri, *params;
	} cases[] = {
		{ "\"B\" <sip:a@b;user=phone>;tag=1", "sip:a@b;user=phone", ";tag=1" },
		{ "<sip:a@b>", "sip:a@b", "" },
		{ "<sip:a@b> ; tag=1 ", "sip:a@b", "; tag=1" },
		{ "sip:a@b;user=phone", "sip:a@b", ";user=phone" },
		{ " sip:a@b ", "sip:a@b", "" },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_span uri = { NULL, 0 }, params = { NULL, 0 };

		CHECK(sk_nameaddr_split(sk_span_of(cases[i].in), &uri, &params) == SK_OK, "%s",
		      cases[i].in);
		CHECK(sk_span_eq(uri, sk_span_of(cases[i].uri)), "%s: uri", cases[i].in);
		CHECK(sk_span_eq(params, sk_span_of(cases[i].params)), "%s: params", cases[i].in);
	}
}

static void test_lengths(void)
{
	char value[600];
	struct sk_party party;

	/* 255 characters fit, 256 do not */
	for (int host = 249; host <= 252; host++) {
		snprintf(value, sizeof(value), "<sip:a@%0*d>", host, 0);
		CHECK(sk_party_read(sk_span_of(value), &america, SK_ROLE_DEST, &party) == SK_OK,
		      "host of %d", host);
		CHECK(party.kind == (host + 6 <= 255 ? SK_PARTY_URI : SK_PARTY_NONE), "host of %d",
		      host);
		snprintf(value, sizeof(value), "<urn:%0*d>", host, 0);
		CHECK(sk_party_read(sk_span_of(value), &america, SK_ROLE_DEST, &party) == SK_OK,
		      "urn of %d", host);
		CHECK(party.kind == (host + 4 <= 255 ? SK_PARTY_URI : SK_PARTY_NONE), "urn of %d",
		      host);
	}
}

static void test_eq(void)
{
	struct sk_party none = { SK_PARTY_NONE, "" }, tn = { SK_PARTY_TN, "123" };
	struct sk_party uri = { SK_PARTY_URI, "123" }, other = { SK_PARTY_TN, "1234" };
	struct sk_party same = { SK_PARTY_TN, "123" };

	CHECK(sk_party_eq(&tn, &same), "same");
	CHECK(!sk_party_eq(&none, &none), "none");
	CHECK(!sk_party_eq(&tn, &uri), "kind");
	CHECK(!sk_party_eq(&tn, &other), "text");
}

int main(void)
{
	test_vectors();
	test_calling();
	test_called();
	test_plans();
	test_numbers();
	test_malformed();
	test_split();
	test_lengths();
	test_eq();

	return check_result();
}
