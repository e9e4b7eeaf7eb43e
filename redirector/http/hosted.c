/*
 * Two maps, by address and by name, whose values are places: chains of the certificates of one
 * address.  A name that is ambiguous leads to a place without any.
 */
#include "redirector/http/hosted.h"

#include "redirector/base/log_word.h"
#include "redirector/base/map.h"
#include "shaken/buf.h"
#include "shaken/url.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	ADDRESS_SIZE = SK_URL_MAX + 2,
	TOLD_MAX = 20, /* lines about addresses that two have */
};

/* A certificate at an address, and who else is there. */
struct place {
	const struct published *published;
	const struct tenant *tenant;
	const char *credential;
	struct place *next;
};

struct hosted {
	struct directory *directory;
	struct map *addresses, *names;
	struct place *places;
	size_t used;
};

struct building {
	struct hosted *h;
	struct log *log;
	size_t conflicts;
};

static struct place nothing; /* the place of an ambiguous name: never written */

void hosted_free(struct hosted *h)
{
	if (!h)
		return;
	map_free(h->addresses, NULL);
	map_free(h->names, NULL);
	free(h->places);
	directory_unref(h->directory);
	free(h);
}

size_t hosted_count(const struct hosted *h)
{
	return map_count(h->addresses);
}

/* Without port and brackets: "[2001:db8::1]:8443". */
static struct sk_span bare_host(struct sk_span host)
{
	const char *end;

	if (host.len > 0 && host.ptr[0] == '[') {
		end = memchr(host.ptr, ']', host.len);
		return end ? (struct sk_span){ host.ptr + 1, (size_t)(end - host.ptr) - 1 }
			   : (struct sk_span){ 0 };
	}
	end = host.len > 0 ? memchr(host.ptr, ':', host.len) : NULL;
	return end ? (struct sk_span){ host.ptr, (size_t)(end - host.ptr) } : host;
}

/* "host/path", the host in small letters and without a dot at its end.  @return false: no address,
 * or longer than any */
static bool print_address(struct sk_span host, struct sk_span path, char text[ADDRESS_SIZE],
			  struct sk_span *key)
{
	struct sk_buf buf;

	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	if (host.len == 0)
		return false;
	sk_buf_init(&buf, text, ADDRESS_SIZE);
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];

		sk_buf_putc(&buf, (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
	}
	sk_buf_put(&buf, path);
	*key = (struct sk_span){ text, buf.len };
	return !buf.overflow;
}

static struct sk_span last_part(struct sk_span path)
{
	const char *slash = memrchr(path.ptr, '/', path.len);

	return slash ? (struct sk_span){ slash + 1, (size_t)(path.ptr + path.len - slash) - 1 }
		     : path;
}

/* --- which of several --- */

/* Would rather this one than that one be served? */
static bool is_better(const struct published *a, const struct published *b, int64_t now)
{
	bool a_began = a->not_before <= now, b_began = b->not_before <= now;
	bool a_ended = a->not_after < now, b_ended = b->not_after < now;

	if ((a_began && !a_ended) != (b_began && !b_ended))
		return a_began && !a_ended;
	if (a_ended != b_ended)
		return !a_ended;
	if (a_ended)
		return a->not_after > b->not_after;
	return a_began ? a->not_before > b->not_before : a->not_before < b->not_before;
}

static bool answer(const struct place *chain, int64_t now, struct hosted_answer *out)
{
	const struct published *best = NULL;
	int64_t until;

	for (const struct place *p = chain; p; p = p->next)
		if (p->published && (!best || is_better(p->published, best, now)))
			best = p->published;
	if (!best)
		return false;
	until = best->not_after;
	for (const struct place *p = chain; p; p = p->next)
		if (p->published != best && p->published->not_before > now &&
		    p->published->not_before < until)
			until = p->published->not_before;
	*out = (struct hosted_answer){ best, until > now ? until - now : 0 };
	return true;
}

bool hosted_find(const struct hosted *h, struct sk_span host, struct sk_span path, int64_t now,
		 struct hosted_answer *out)
{
	char text[ADDRESS_SIZE];
	struct sk_span key;

	return print_address(bare_host(host), path, text, &key) &&
	       answer(map_get(h->addresses, key), now, out);
}

bool hosted_find_name(const struct hosted *h, struct sk_span name, int64_t now,
		      struct hosted_answer *out)
{
	return name.len > 0 && name.len < SK_URL_MAX && answer(map_get(h->names, name), now, out);
}

/* --- building --- */

static bool same_text(const struct published *a, const struct published *b)
{
	return a->len == b->len && memcmp(a->pem, b->pem, a->len) == 0;
}

/* May two be at one address?  The current and the next certificate of one credential. */
static bool belong_together(const struct place *a, const struct place *b)
{
	return a->tenant == b->tenant && strcmp(a->credential, b->credential) == 0;
}

enum added {
	ADDED,
	ADDED_CONFLICT, /* another's certificate is there */
	ADDED_NO_MEMORY,
};

/* Puts it at the end of the chain, unless its bytes are in it. */
static enum added add(struct building *b, struct map *map, struct sk_span key,
		      const struct place *place, const struct place **there)
{
	struct place *p = &b->h->places[b->h->used++];
	struct place *last = map_get(map, key);

	*p = *place;
	if (!last)
		return map_put(map, key, p) ? ADDED : ADDED_NO_MEMORY;
	for (;; last = last->next) {
		*there = last;
		if (last->published && same_text(last->published, p->published))
			return ADDED;
		if (!last->published || !belong_together(last, p))
			return ADDED_CONFLICT;
		if (!last->next)
			break;
	}
	last->next = p;
	return ADDED;
}

static const char *name_of(const struct place *p, char out[LOG_WORD_SIZE])
{
	char name[LOG_WORD_MAX];

	snprintf(name, sizeof(name), "%.64s/%.64s", p->tenant->set->name, p->credential);
	return log_word(name, out);
}

static void tell(struct building *b, const char *x5u, const struct place *there,
		 const struct place *p)
{
	char served[LOG_WORD_SIZE], left_out[LOG_WORD_SIZE];

	if (b->conflicts++ < TOLD_MAX && b->log)
		log_print(b->log, LEVEL_ERROR,
			  "event=hosting result=conflict x5u=%.256s served=%s left-out=%s", x5u,
			  name_of(there, served), name_of(p, left_out));
}

/* @return false: out of memory */
static bool add_name(struct building *b, struct sk_span name, const struct place *p)
{
	const struct place *there;
	enum added added = name.len > 0 ? add(b, b->h->names, name, p, &there) : ADDED;

	if (added == ADDED_CONFLICT)
		return map_put(b->h->names, name, &nothing);
	return added == ADDED;
}

/* @param x5u  Its address  @return false: out of memory */
static bool add_place(struct building *b, const char *x5u, const struct place *p)
{
	const struct place *there;
	char text[ADDRESS_SIZE];
	struct sk_span key;
	struct sk_url url;
	enum added added;

	if (!sk_url_parse(sk_span_of(x5u), SK_URL_LAB, &url) ||
	    !print_address(url.host, url.path, text, &key))
		return true; /* the keystore refused it */
	added = add(b, b->h->addresses, key, p, &there);
	if (added == ADDED_CONFLICT) {
		tell(b, x5u, there, p);
		return true;
	}
	return added == ADDED && add_name(b, last_part(url.path), p);
}

static struct tenant *tenant_at(const struct directory *d, size_t i)
{
	return i < directory_count(d) ? directory_at(d, i) : directory_fallback(d);
}

static bool add_tenant(struct building *b, const struct tenant *tenant)
{
	for (size_t i = 0; i < keystore_count(tenant->keys); i++) {
		struct keystore_cert cert;
		struct place p;

		keystore_at(tenant->keys, i, &cert);
		p = (struct place){ cert.published, tenant, cert.name, NULL };
		if (cert.published && !add_place(b, cert.x5u, &p))
			return false;
	}
	return true;
}

static bool make_room(struct hosted *h)
{
	size_t count = 0;

	for (size_t i = 0; i <= directory_count(h->directory); i++) {
		const struct tenant *tenant = tenant_at(h->directory, i);

		count += tenant ? keystore_count(tenant->keys) : 0;
	}
	h->places = calloc(2 * count + 1, sizeof(*h->places));
	h->addresses = map_new(count);
	h->names = map_new(count);
	return h->places && h->addresses && h->names;
}

struct hosted *hosted_new(struct directory *directory, struct log *log)
{
	SK_CLEANUP(hosted_free_p) struct hosted *h = calloc(1, sizeof(*h));
	struct building b = { h, log, 0 };

	if (!h)
		return NULL;
	h->directory = directory_ref(directory);
	if (!make_room(h))
		return NULL;
	for (size_t i = 0; i <= directory_count(directory); i++) {
		const struct tenant *tenant = tenant_at(directory, i);

		if (tenant && !add_tenant(&b, tenant))
			return NULL;
	}
	if (b.conflicts > TOLD_MAX && log)
		log_print(log, LEVEL_ERROR, "event=hosting result=conflict more=%zu",
			  b.conflicts - TOLD_MAX);
	return sk_steal(h);
}
