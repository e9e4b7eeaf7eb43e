/*
 * `shaken key`: bearer keys for the HTTP side.  The service keeps a key's hash alone, so the key is
 * shown here once and never again.  One that is there already comes by standard input: an argument
 * stands in the list of processes and in the shell's history.
 */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/out.h"
#include "shaken/b64url.h"
#include "shaken/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define KEY_HEAD "sr_" /* so that a scanner for secrets can find one that got out */

enum {
	KEY_BYTES = 32,
	KEY_MAX = 512, /* longest that the service looks at */
	KEY_MIN = 16,  /* shorter ones can be guessed       */
	KEY_SIZE = sizeof(KEY_HEAD) + SK_B64URL_LEN(KEY_BYTES),
	HASH_SIZE = 7 + 2 * SK_DIGEST_LEN + 1,
};

struct key_options {
	bool hash, json;
};

/* @return false: OpenSSL's fault */
static bool print_hash(struct sk_span key, char out[HASH_SIZE])
{
	uint8_t digest[SK_DIGEST_LEN];
	int at = snprintf(out, HASH_SIZE, "sha256:");

	if (sk_digest(key, digest) != SK_OK)
		return false;
	for (size_t i = 0; i < SK_DIGEST_LEN; i++, at += 2)
		snprintf(out + at, 3, "%02x", digest[i]);
	return true;
}

static int answer_new(const struct command *self, const struct key_options *o)
{
	uint8_t bytes[KEY_BYTES];
	char key[KEY_SIZE] = KEY_HEAD, hash[HASH_SIZE];
	size_t head = sizeof(KEY_HEAD) - 1, len;
	int status = CLI_YES;

	if (RAND_priv_bytes(bytes, sizeof(bytes)) != 1)
		return out_fault(self, "no random bytes");
	len = head + sk_b64url_encode(bytes, sizeof(bytes), key + head);
	key[len] = '\0';
	if (!print_hash((struct sk_span){ key, len }, hash)) {
		status = out_refusal(self, SK_ECRYPTO);
	} else if (o->json) {
		status = out_json(json_pack("{s:s, s:s}", "key", key, "hash", hash), CLI_YES);
	} else {
		out_row("key", "%s", key);
		out_row("hash", "%s", hash);
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(key, sizeof(key));
	return status;
}

/* RFC 6750, 2.1: b64token */
static bool is_token(struct sk_span key)
{
	size_t len = key.len;

	while (len > 0 && key.ptr[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++) {
		char c = key.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || !strchr("-._~+/", c)))
			return false;
	}
	return len > 0;
}

static int answer_hash(const struct command *self, const struct key_options *o, struct sk_span key)
{
	char hash[HASH_SIZE];

	if (key.len < KEY_MIN || key.len > KEY_MAX) {
		fprintf(stderr, "shaken %s: a key has %d to %d characters\n", self->name, KEY_MIN,
			KEY_MAX);
		return CLI_NO;
	}
	if (!is_token(key)) {
		fprintf(stderr,
			"shaken %s: a key has letters, digits and -._~+/ alone, and = at its end\n",
			self->name);
		return CLI_NO;
	}
	if (!print_hash(key, hash))
		return out_refusal(self, SK_ECRYPTO);
	if (o->json)
		return out_json(json_pack("{s:s}", "hash", hash), CLI_YES);
	printf("%s\n", hash);
	return CLI_YES;
}

static int read_key(const struct command *self, const struct key_options *o)
{
	char text[KEY_MAX + 64];
	ssize_t len = input_stdin(text, sizeof(text) - 1);
	int status;

	if (len < 0)
		return out_fault(self, "standard input: %s", strerror(errno));
	status = answer_hash(self, o, sk_span_trim((struct sk_span){ text, (size_t)len }));
	OPENSSL_cleanse(text, sizeof(text));
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct key_options o = { 0 };
	struct args_list rest = { 0 };
	const struct args_option options[] = {
		{ "--hash", .flag = &o.hash },
		{ "--json", .flag = &o.json },
	};
	const struct args args = { self, options, SK_COUNT(options), 0 };
	enum args_result result = args_read(&args, argc, argv, &rest);

	if (result != ARGS_GO)
		return args_status(result);
	return o.hash ? read_key(self, &o) : answer_new(self, &o);
}

const struct command command_key = {
	.name = "key",
	.summary = "make a bearer key for the HTTP side, and its hash",
	.synopsis = "[OPTION]...",
	.help = "  --hash              print the hash of the key on standard input instead\n"
		"  --json              answer as JSON\n"
		"\n"
		"The hash goes into clients.NAME.keys or http.viewer-keys, the key to the client.\n"
		"\n"
		"Example: shaken key\n",
	.run = run,
};
