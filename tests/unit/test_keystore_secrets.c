/*
 * A key's text and number are nowhere in memory once nobody needs them: looked for in a
 * process of its own that has never seen the key but by loading it.
 */
#include "redirector/keys/keystore.h"
#include "tests/check.h"
#include "tests/unit/keystore_kit.h"
#include "tests/unit/pki.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MASK = 0x5a, /* what is looked for stands in memory like this, or it would find itself */
	PIECE = 65536,
	SECRET = 32,
};

static uint8_t piece[PIECE];

static int count_in_piece(size_t len, uintptr_t from, const uint8_t masked[SECRET])
{
	int found = 0;

	for (size_t i = 0; i + SECRET <= len; i++) {
		uintptr_t at = from + i;
		size_t k = 0;

		while (k < SECRET && piece[i + k] == (masked[k] ^ MASK))
			k++;
		found += k == SECRET &&
			 (at + SECRET <= (uintptr_t)piece || at >= (uintptr_t)piece + PIECE);
	}
	return found;
}

/* How often these bytes stand where this process can write. */
static int count_in_memory(const uint8_t masked[SECRET])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], mode[8];
	unsigned long from, to;
	int found = 0;

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[1] != 'w' ||
		    to - from > (1ul << 30)) /* a sanitizer's shadow */
			continue;
		for (; from + SECRET <= to; from += PIECE - SECRET) {
			struct iovec here = { piece, to - from < PIECE ? to - from : PIECE };
			struct iovec there = { NULL, here.iov_len };
			ssize_t len;

			memcpy(&there.iov_base, &from, sizeof(from));
			len = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
			if (len > 0)
				found += count_in_piece((size_t)len, from, masked);
		}
	}
	if (maps)
		fclose(maps);
	return found;
}

static void unhex(const char *text, uint8_t out[SECRET])
{
	for (size_t i = 0; i < SECRET; i++) {
		unsigned byte = 0;

		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			exit(2);
		out[i] = (uint8_t)byte;
	}
}

/* How the secret looks: in a number of OpenSSL's, in the file, and twice in the file's text. */
struct looks {
	uint8_t number[SECRET], octets[SECRET], text[SECRET], tail[SECRET];
};

static int count_in_files(const struct looks *l)
{
	return count_in_memory(l->octets) + count_in_memory(l->text) + count_in_memory(l->tail);
}

/* In a process that has never seen the key. */
static int look_for_secrets(char **args)
{
	char why[KEYSTORE_WHY_SIZE] = "", x5u[] = X5U, identity[SK_IDENTITY_SIZE];
	const struct sk_claims claims = { .orig = { SK_PARTY_TN, "12155551212" },
					  .dest = { { SK_PARTY_TN, "12155551213" } },
					  .dest_count = 1,
					  .iat = PKI_NOW,
					  .attest = SK_ATTEST_A,
					  .origid = "123e4567-e89b-12d3-a456-426655440000" };
	const struct sk_credential *c = NULL;
	struct keystore *k = NULL;
	struct looks looks;
	size_t len;

	snprintf(folder, sizeof(folder), "%s", args[0]);
	unhex(args[2], looks.number);
	unhex(args[3], looks.octets);
	unhex(args[4], looks.text);
	unhex(args[5], looks.tail);
	CHECK(load(args[1], "cert", x5u, &k, why), "%s", why);
	CHECK(count_in_files(&looks) == 0, "%s: loaded: what was in the file is gone", args[1]);
	keystore_free(k);
	CHECK(count_in_memory(looks.number) == 0, "%s: never used: the key is gone", args[1]);
	CHECK(count_in_files(&looks) == 0, "%s: and all of the file", args[1]);

	CHECK(load(args[1], "cert", x5u, &k, why), "%s", why);
	CHECK(usual(k, SK_PPT_SHAKEN, PKI_NOW, PKI_NOW, &c) == SK_OK &&
		      sk_sign(c, &claims, identity, sizeof(identity), &len) == SK_OK,
	      "signed");
	CHECK(count_in_memory(looks.number) > 0, "the key is in use, and can be found");
	CHECK(count_in_files(&looks) == 0, "%s: the file is gone", args[1]);
	keystore_free(k);
	CHECK(count_in_memory(looks.number) == 0, "%s: the key is gone", args[1]);
	CHECK(count_in_files(&looks) == 0, "%s: and all of the file", args[1]);
	return check_result();
}

static void hex_masked(const uint8_t in[SECRET], char out[2 * SECRET + 1])
{
	for (size_t i = 0; i < SECRET; i++)
		snprintf(out + 2 * i, 3, "%02x", in[i] ^ MASK);
}

/* The base64 of a file without its line ends, from `at` on. */
static void cut_text(const char *file, size_t at, char out[2 * SECRET + 1])
{
	char line[128], body[1024] = "";
	size_t len = 0;
	FILE *f = fopen(named(file), "r");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '-' && len + strlen(line) < sizeof(body))
			len += (size_t)snprintf(body + len, sizeof(body) - len, "%s", line);
	}
	if (f)
		fclose(f);
	if (len < at + SECRET)
		exit(2);
	hex_masked((const uint8_t *)body + at, out);
}

static void cleansing(const char *self, EVP_PKEY *key)
{
	/* where the 43 characters of the secret are; a line has 64 */
	static const struct {
		const char *file;
		size_t text, tail;
	} files[] = { { "key", 31, 64 }, { "sec1", 10, 21 }, { "bare", 31, 56 } };
	char number[2 * SECRET + 1], octets[2 * SECRET + 1];
	uint8_t little[SECRET], big[SECRET];
	BIGNUM *secret = NULL;

	CHECK(EVP_PKEY_get_bn_param(key, "priv", &secret) == 1 &&
		      BN_bn2lebinpad(secret, little, SECRET) == SECRET &&
		      BN_bn2binpad(secret, big, SECRET) == SECRET,
	      "the secret");
	hex_masked(little, number);
	hex_masked(big, octets);
	for (size_t i = 0; i < SK_COUNT(files); i++) {
		char text[2 * SECRET + 1], tail[2 * SECRET + 1];
		int status = 0;
		pid_t pid;

		cut_text(files[i].file, files[i].text, text);
		cut_text(files[i].file, files[i].tail, tail);
		pid = fork();
		if (pid == 0) {
			execl("/proc/self/exe", self, folder, files[i].file, number, octets, text,
			      tail, (char *)NULL);
			_exit(3);
		}
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "%s: status %x",
		      files[i].file, (unsigned)status);
	}
	BN_clear_free(secret);
}

int main(int argc, char **argv)
{
	static const char *const files[] = { "key", "cert", "sec1", "bare" };
	const char *base = getenv("TMPDIR");
	EVP_PKEY *key;

	if (argc == 7)
		return look_for_secrets(argv + 1);
	key = EVP_EC_gen("P-256");
	snprintf(folder, sizeof(folder), "%.400s/keys-XXXXXX", base ? base : P_tmpdir);
	if (!mkdtemp(folder) || !key)
		return 1;
	write_key("key", key, 0600);
	write_cert("cert", key, PKI_NOW - 1000, PKI_NOW + 1000);
	write_forms(key);
	cleansing(argv[0], key);
	for (size_t i = 0; i < SK_COUNT(files); i++)
		unlink(named(files[i]));
	rmdir(folder);
	EVP_PKEY_free(key);
	return check_result();
}
