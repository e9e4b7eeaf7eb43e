/*
 * Whichever allocation fails while a folder is read: what is in use stays whole, nothing leaks,
 * and with memory again the same read comes to what it should.
 */
#include "tests/unit/folderkit.h"
#include "tests/unit/starve.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

enum {
	DENSE = 500,
	SPARSE = 13,
};

static void fill(struct kit *k)
{
	kit_key(k, "k");
	kit_put(k, "tenants/a.yaml",
		"match: {hosts: [a.example, b.example], sources: [10.1.0.0/16, 10.2.0.0/16]}\n"
		"sign: {key: ../k.key, certificate: ../k.pem, x5u: \"https://a.example/k.pem\", "
		"attest: A}\n");
	kit_put(k, "tenants/same.yaml", "match: {hosts: [same.example]}\n");
	kit_put(k, "tenants/thief.yaml", "match: {hosts: [same.example]}\n");
}

/* One read with the n-th allocation failing.  @return whether it was reached */
static bool starved(struct kit *k, struct directory *old, long n, bool one)
{
	struct roster_report report = { 0 };
	struct directory *next = NULL;
	bool ok;

	hit = false;
	only_one = one;
	budget = n;
	ok = roster_read(k->conf, &k->parts, old, &next, &report, k->why);
	budget = -1;
	ERR_clear_error();
	CHECK(hit || ok, "%ld: with memory enough it goes well: %s", n, k->why);
	CHECK(ok == (next != NULL), "%ld: a directory only when it went well", n);
	if (ok)
		CHECK(!old || directory_by_name(next, SK_SPAN("same")) ||
			      directory_by_name(next, SK_SPAN("thief")),
		      "%ld: nobody in use is lost", n);
	CHECK(!ok || !directory_by_name(next, SK_SPAN("same")) ||
		      !directory_by_name(next, SK_SPAN("thief")),
	      "%ld: never both", n);
	directory_unref(next);
	roster_report_deinit(&report);
	return hit;
}

static void sweep(struct kit *k, const char *what, struct directory *old, bool one)
{
	long n = 0;

	/* most of the many are OpenSSL's: keys and chains have a sweep of their own */
	while (starved(k, old, n, one) && n < 100000)
		n += n < DENSE ? 1 : SPARSE;
	CHECK(n > 20, "%s: %ld allocations", what, n);
	printf("%s: %ld allocations, %s\n", what, n, one ? "one" : "all");
}

int main(void)
{
	struct kit k;

	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
		return 1;
	kit_begin(&k);
	fill(&k);
	kit_expect(&k, "with memory", "+a +same !thief", 0);
	for (int one = 0; one < 2; one++) {
		sweep(&k, "from nothing", NULL, one);
		sweep(&k, "nothing changed", k.directory, one);
	}
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [new.example]}\n");
	for (int one = 0; one < 2; one++)
		sweep(&k, "one changed", k.directory, one);
	kit_expect(&k, "with memory again", "~a !thief", 1);
	kit_end(&k);
	return check_result();
}
