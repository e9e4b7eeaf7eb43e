/*
 * Signs any JOSE header and any payload, right or wrong, so that tests can send
 * what an honest signer never makes.  One line of input "header TAB payload"
 * becomes one line "token".  The surprise: the texts are taken byte for byte;
 * what is not JSON gets a good signature all the same.
 */
#include "shaken/es256.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_MAX_LEN = 65536,
	SIG_ROOM = 160,
};

/** What is done to a good signature.  Returns how many bytes `sig` then has. */
typedef size_t spoil_fn(uint8_t sig[SIG_ROOM]);

static size_t spoil_nothing(uint8_t sig[SIG_ROOM])
{
	(void)sig;
	return SK_SIG_LEN;
}

static size_t spoil_bit(uint8_t sig[SIG_ROOM])
{
	sig[SK_SIG_LEN - 1] ^= 1;
	return SK_SIG_LEN;
}

static size_t spoil_zero_r(uint8_t sig[SIG_ROOM])
{
	memset(sig, 0, SK_SIG_LEN / 2);
	return SK_SIG_LEN;
}

static size_t spoil_zero_s(uint8_t sig[SIG_ROOM])
{
	memset(sig + SK_SIG_LEN / 2, 0, SK_SIG_LEN / 2);
	return SK_SIG_LEN;
}

/** r and s above the order of the group (RFC 7518, 3.4 knows 1..n-1 only). */
static size_t spoil_order(uint8_t sig[SIG_ROOM])
{
	memset(sig, 0xff, SK_SIG_LEN);
	return SK_SIG_LEN;
}

static size_t spoil_short(uint8_t sig[SIG_ROOM])
{
	(void)sig;
	return SK_SIG_LEN - 1;
}

static size_t spoil_long(uint8_t sig[SIG_ROOM])
{
	sig[SK_SIG_LEN] = 0;
	return SK_SIG_LEN + 1;
}

/** The form that X.509 uses and JWS does not. */
static size_t spoil_der(uint8_t sig[SIG_ROOM])
{
	uint8_t der[SK_DER_SIG_MAX];
	size_t len = sk_es256_to_der(sig, der);

	memcpy(sig, der, len);
	return len;
}

static size_t spoil_empty(uint8_t sig[SIG_ROOM])
{
	(void)sig;
	return 0;
}

/* clang-format off */
static const struct spoil {
	const char *name;
	spoil_fn *fn;
	const char *text;
} spoils[] = {
	{ "none",   spoil_nothing, "a good signature" },
	{ "bit",    spoil_bit,     "the last bit turned" },
	{ "zero-r", spoil_zero_r,  "r is 0" },
	{ "zero-s", spoil_zero_s,  "s is 0" },
	{ "order",  spoil_order,   "r and s above the order" },
	{ "short",  spoil_short,   "63 bytes" },
	{ "long",   spoil_long,    "65 bytes" },
	{ "der",    spoil_der,     "DER instead of r and s" },
	{ "empty",  spoil_empty,   "no bytes" },
};
/* clang-format on */

static spoil_fn *spoil_find(const char *name)
{
	for (size_t i = 0; i < SK_COUNT(spoils); i++)
		if (strcmp(spoils[i].name, name) == 0)
			return spoils[i].fn;
	return NULL;
}

static bool read_key(const char *path, struct sk_key **out)
{
	char text[SK_KEY_FILE_MAX];
	FILE *file = fopen(path, "rb");

	if (!file)
		return false;

	size_t len = fread(text, 1, sizeof(text), file);

	fclose(file);
	return sk_key_new(text, len, out) == SK_OK;
}

/** header TAB payload -> base64url(header) "." base64url(payload).  0: no TAB. */
static size_t encode_parts(const char *line, size_t len, char *out)
{
	const char *tab = memchr(line, '\t', len);

	if (!tab)
		return 0;

	size_t head = (size_t)(tab - line);
	size_t used = sk_b64url_encode(line, head, out);

	out[used++] = '.';
	used += sk_b64url_encode(tab + 1, len - head - 1, out + used);
	return used;
}

static bool forge(struct sk_signer *signer, spoil_fn *spoil, const char *line, size_t len)
{
	static char token[2 * LINE_MAX_LEN];
	uint8_t sig[SIG_ROOM];
	size_t used = encode_parts(line, len, token);

	if (used == 0)
		return false;
	if (signer->sign(signer, (struct sk_span){ token, used }, sig) != SK_OK)
		return false;

	token[used++] = '.';
	used += sk_b64url_encode(sig, spoil(sig), token + used);
	token[used++] = '\n';
	return fwrite(token, 1, used, stdout) == used;
}

static int usage(void)
{
	fputs("usage: forge KEY [SPOIL] < lines of: header TAB payload\n", stderr);
	for (size_t i = 0; i < SK_COUNT(spoils); i++)
		fprintf(stderr, "  %-7s %s\n", spoils[i].name, spoils[i].text);
	return 2;
}

int main(int argc, char **argv)
{
	SK_CLEANUP(sk_key_free_p) struct sk_key *key = NULL;
	static char line[LINE_MAX_LEN];
	spoil_fn *spoil = spoil_find(argc == 3 ? argv[2] : "none");

	if (argc < 2 || argc > 3 || !spoil)
		return usage();
	if (!read_key(argv[1], &key)) {
		fprintf(stderr, "forge: %s is no P-256 key\n", argv[1]);
		return 3;
	}

	while (fgets(line, sizeof(line), stdin)) {
		if (!forge(sk_key_signer(key), spoil, line, strcspn(line, "\n"))) {
			fprintf(stderr, "forge: cannot sign this line: %s", line);
			return 1;
		}
	}
	return 0;
}
