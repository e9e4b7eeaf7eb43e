/*
 * The rules of `credentials`, and of keys that lie in a token.  Whether a key opens and belongs
 * to its certificate is found when it is loaded; here only what the file alone can tell.
 */
#include "config/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	DIGITS_MAX = 15, /* ITU-T E.164, 6.1 */
	LENGTH_SHIFT = 56,
};

/* The numbers of one pattern, so that those of one kind and length lie side by side. */
struct span_of_numbers {
	uint64_t from, to; /* the length, then the number: 15 digits need 50 bits */
	bool begins;       /* "+1404*": what begins so */
	size_t owner, entry;
};

static const struct credential_conf *credential_at(const struct tenant_conf *t, size_t i)
{
	return (const struct credential_conf *)t->credentials.items + i;
}

/* "+" and digits up to `stop`; 0: no number. */
static uint64_t number_of(const char *text, const char *stop)
{
	uint64_t n = 0;
	size_t len = (size_t)(stop - text);

	if (text[0] != '+' || len < 2 || len > 1 + DIGITS_MAX)
		return 0;
	for (const char *c = text + 1; c < stop; c++) {
		if (*c < '0' || *c > '9')
			return 0;
		n = n * 10 + (uint64_t)(*c - '0');
	}
	return ((uint64_t)len << LENGTH_SHIFT) | n;
}

static bool pattern_read(const char *text, struct span_of_numbers *out)
{
	size_t len = strlen(text);
	const char *dash = strchr(text, '-');

	out->begins = len > 0 && text[len - 1] == '*';
	if (out->begins || !dash) {
		out->from = out->to = number_of(text, text + len - (out->begins ? 1 : 0));
		return out->from != 0;
	}
	out->from = number_of(text, dash);
	out->to = number_of(dash + 1, text + len);
	return out->from != 0 && out->from >> LENGTH_SHIFT == out->to >> LENGTH_SHIFT &&
	       out->from <= out->to;
}

static int by_numbers(const void *a, const void *b)
{
	const struct span_of_numbers *x = a, *y = b;

	if (x->begins != y->begins)
		return x->begins ? 1 : -1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->owner < y->owner ? -1 : x->owner > y->owner;
}

/* Which of two would sign a number that both have is nobody's guess. */
static void check_shared(struct loading *l, const struct tenant_conf *t,
			 struct span_of_numbers *all, size_t count)
{
	const struct span_of_numbers *widest = all;

	qsort(all, count, sizeof(*all), by_numbers);
	for (size_t i = 1; i < count; i++) {
		const struct span_of_numbers *p = &all[i];
		const struct credential_conf *mine = credential_at(t, p->owner);

		if (p->begins == widest->begins && p->from <= widest->to &&
		    p->owner != widest->owner)
			complain(l,
				 member_entry_place(l, "credentials.*.numbers", mine->name,
						    p->entry),
				 "credentials.%s.numbers: \"%.40s\" has numbers of "
				 "credentials.%s; a number may have one credential",
				 mine->name, mine->numbers.items[p->entry],
				 credential_at(t, widest->owner)->name);
		if (p->begins != widest->begins || p->to > widest->to)
			widest = p;
	}
}

static void check_numbers(struct loading *l, const struct tenant_conf *t)
{
	struct span_of_numbers *all;
	size_t count = 0, read = 0;

	for (size_t i = 0; i < t->credentials.count; i++)
		count += credential_at(t, i)->numbers.count;
	all = calloc(count + 1, sizeof(*all));
	if (!all) {
		complain(l, (struct place){ 0, 0 }, "credentials: out of memory");
		return;
	}
	for (size_t i = 0; i < t->credentials.count; i++) {
		const struct credential_conf *c = credential_at(t, i);

		for (size_t k = 0; k < c->numbers.count; k++) {
			struct span_of_numbers *p = &all[read];

			p->owner = i;
			p->entry = k;
			if (pattern_read(c->numbers.items[k], p))
				read++;
			else
				complain(
					l,
					member_entry_place(l, "credentials.*.numbers", c->name, k),
					"credentials.%s.numbers: \"%.40s\" is no pattern; allowed: "
					"+1404555*, +14045550100-+14045550199 or +14045550100",
					c->name, c->numbers.items[k]);
		}
	}
	check_shared(l, t, all, read);
	free(all);
}

bool is_spc_of(const struct tenant_conf *t, const char *spc)
{
	for (size_t i = 0; i < t->credentials.count; i++)
		if (strcmp(credential_at(t, i)->spc, spc) == 0)
			return true;
	return false;
}

static void check_key_place(struct loading *l, const struct conf *conf, const char *name,
			    struct place place, const char *key)
{
	if (strncmp(key, "pkcs11:", 7) == 0 && !is_set(conf->hsm.module))
		complain(l, place, "%s: \"%.80s\" needs hsm.module, the library of the token", name,
			 key);
}

static void check_member_url(struct loading *l, const struct conf *conf, const char *path,
			     const char *member, const char *url)
{
	const struct conf_item *item = conf_item_find(path);
	char name[CONF_NAME_SIZE];

	conf_item_name(item, member, name);
	if (is_set(url))
		check_url(l, conf, name, member_place(l, path, member), url, "a certificate");
}

/* A provider code is IA5 text in the certificate (RFC 8226, 9); those given out are alphanumeric.
 */
static bool is_spc(const char *text)
{
	return text[strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")] == '\0';
}

/* A header that names what nobody has would leave every call unsigned. */
static void check_spc_header(struct loading *l, const struct conf *conf)
{
	const struct tenant_conf *t = &conf->tenant;

	if (!is_set(t->sign.spc_header) || !has_key(t) || !gets_calls(l, conf))
		return;
	for (size_t i = 0; i < t->credentials.count; i++)
		if (is_set(credential_at(t, i)->spc))
			return;
	warn(l, place_of(l, "sign.spc-header"),
	     "sign.spc-header: none of `credentials` has an spc, so what it says leaves a call "
	     "unsigned");
}

static void check_credential(struct loading *l, const struct conf *conf,
			     const struct credential_conf *c)
{
	char name[CONF_NAME_SIZE];
	const struct {
		const char *path, *key;
	} keys[] = {
		{ "credentials.*.key", c->key },
		{ "credentials.*.next-key", c->next_key },
	};
	const struct {
		const char *path, *text;
	} nexts[] = {
		{ "credentials.*.next-key", c->next_key },
		{ "credentials.*.next-x5u", c->next_x5u },
	};

	if (strcmp(c->name, "default") == 0 && is_set(conf->tenant.sign.key))
		complain(l, member_place(l, "credentials.*", c->name),
			 "credentials.default: this name is that of sign.key; take another one, or "
			 "leave sign.key out");
	for (size_t i = 0; i < SK_COUNT(keys); i++) {
		conf_item_name(conf_item_find(keys[i].path), c->name, name);
		check_key_place(l, conf, name, member_place(l, keys[i].path, c->name), keys[i].key);
	}
	for (size_t i = 0; i < SK_COUNT(nexts); i++)
		if (is_set(nexts[i].text) && !is_set(c->next_certificate)) {
			conf_item_name(conf_item_find(nexts[i].path), c->name, name);
			complain(l, member_place(l, nexts[i].path, c->name),
				 "%s: \"%.80s\" needs next-certificate, which says from when it "
				 "counts",
				 name, nexts[i].text);
		}
	check_member_url(l, conf, "credentials.*.x5u", c->name, c->x5u);
	check_member_url(l, conf, "credentials.*.next-x5u", c->name, c->next_x5u);
	if (!is_spc(c->spc))
		complain(l, member_place(l, "credentials.*.spc", c->name),
			 "credentials.%s.spc: \"%.40s\" is no provider code; allowed: letters, "
			 "digits "
			 "and -",
			 c->name, c->spc);
}

void check_credentials(struct loading *l, const struct conf *conf)
{
	const struct tenant_conf *t = &conf->tenant;

	check_key_place(l, conf, "sign.key", place_of(l, "sign.key"), t->sign.key);
	for (size_t i = 0; i < t->credentials.count; i++)
		check_credential(l, conf, credential_at(t, i));
	check_numbers(l, t);
	check_spc_header(l, conf);
}
